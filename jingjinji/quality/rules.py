"""How the suites in `expectations/` write down one rule. Imports Great Expectations, so import it late."""

from __future__ import annotations

from dataclasses import dataclass

import great_expectations.expectations as gxe

from jingjinji.quality.gx import because, no_rows


@dataclass(frozen=True)
class Rule:
    """Rows of the mart where `where` holds break the rule; their key is named in the result."""

    name: str
    where: str
    columns: str
    why_zh: str
    why: str
    source: str
    severity: str = "critical"

    def expectation(self, key: tuple[str, ...]) -> gxe.Expectation:
        """The rule as an expectation on its mart.

        Args:
            key: columns that name a row in the result.
        """
        shown = ", ".join(f"this.{column}" for column in key) or "count(*) as rows_found"
        query = f"select {shown} from {{batch}} as this where {self.where}"
        query += "" if key else " having count(*) > 0"
        return no_rows(
            self.name,
            query,
            columns=self.columns,
            why_zh=self.why_zh,
            why=self.why,
            source=self.source,
            severity=self.severity,
        )


@dataclass(frozen=True)
class Library:
    """An expectation Great Expectations has a word for; it looks at the mart as a whole, not at rows with a key."""

    made: gxe.Expectation

    def expectation(self, key: tuple[str, ...]) -> gxe.Expectation:
        """The expectation as it is."""
        return self.made


def promised(names: str) -> Library:
    """The columns that partners and dashboards were promised are there."""
    meta = because(
        "合作单位和看板依赖这些字段名",
        "others rely on these names",
        "docs/architecture.md · Marts",
        name="promised_columns",
    )
    made = gxe.ExpectTableColumnsToMatchSet(column_set=names.split(), exact_match=False, meta=meta)
    return Library(made)
