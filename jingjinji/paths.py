"""The only place that spells where things are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(os.environ.get("JJJ_PROJECT", Path(__file__).resolve().parent.parent))


@dataclass(frozen=True)
class Home:
    """Everything the program writes, under one folder (`JJJ_HOME`, default `var/` of the project)."""

    root: Path

    @property
    def marker(self) -> Path:
        return self.root / "home.json"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def archive(self) -> Path:
        return self.root / "landing" / "archive"

    @property
    def deliveries(self) -> Path:
        return self.root / "landing" / "deliveries"

    @property
    def lying(self) -> Path:
        return self.root / "landing" / "lying"

    @property
    def compacted(self) -> Path:
        return self.root / "landing" / "compacted"

    @property
    def builds(self) -> Path:
        return self.root / "builds"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def quality(self) -> Path:
        return self.root / "quality"

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    @property
    def superset(self) -> Path:
        return self.root / "superset"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def audit_log(self) -> Path:
        return self.root / "audit.jsonl"


SIMULATED = ".simulated."


def is_simulated(file_name: str) -> bool:
    """Whether the name of a delivery marks it as simulated, as `jjj simulate` names its files."""
    return SIMULATED in file_name


def home() -> Home:
    """The home this process works in; reads `JJJ_HOME` at each call so that tests can move it."""
    return Home(Path(os.environ.get("JJJ_HOME", PROJECT / "var")).resolve())
