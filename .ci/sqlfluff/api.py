"""What `api.Relation.create(…)` gives while linting: the name of the table."""

from __future__ import annotations


class Relation:
    @staticmethod
    def create(database: str = "", schema: str = "", identifier: str = "") -> str:
        return f"{schema}.{identifier}"
