"""What a standard and a feed may say, key by key: the shape of the YAML below `feeds/`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ColumnType = Literal["text", "code", "count", "money", "area", "number", "year", "date", "timestamp"]
MomentStyle = Literal["iso", "zh", "slash", "compact", "excel"]

SQL_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "code": "VARCHAR",
    "count": "BIGINT",
    "money": "DECIMAL(20,2)",
    "area": "DECIMAL(18,4)",
    "number": "DECIMAL(24,6)",
    "year": "INTEGER",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
NUMBER_TYPES = ("count", "money", "area", "number")
METRIC_TYPES = ("count", "money", "area")
MOMENT_TYPES = ("date", "timestamp")


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Label(Model):
    """A name for people: Chinese on dashboards and receipts, English in schemas."""

    zh: str
    en: str


class Column(Model):
    """One agreed column. `unit` is the base unit the warehouse stores, `codes` a `<seed>.<column>`."""

    type: ColumnType
    zh: str
    en: str
    required: bool = False
    unit: str | None = None
    codes: str | None = None
    partial: Literal["start", "end"] = "start"
    definition: str | None = None
    personal: bool = False

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the landed column."""
        return SQL_TYPES[self.type]


class RowRule(Model):
    """A truth every row must keep, as SQL over agreed columns; NULL (not reported) never breaks it.

    A row that breaks an `error` is set aside. One that breaks a `warning` is taken, and its sender is told.
    """

    severity: Literal["error", "warning"] = "error"
    check: str
    columns: tuple[str, ...]
    zh: str
    en: str
    fix: str
    source: str


class Standard(Model):
    """The agreed table of one dataset."""

    dataset: str
    title: Label
    each_row_is: str
    source: str
    key: tuple[str, ...]
    known_from: tuple[str, ...]
    columns: dict[str, Column]
    rules: dict[str, RowRule] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _spell_out_metrics(cls, content: Any) -> Any:
        return with_metrics_named(content)


def with_metrics_named(content: Any) -> Any:
    """The content of a `_standard.yml` whose rules name the metrics, so that no rule lists them by hand.

    `{metrics}` is every column of type count, money or area; `{count_metrics}`, `{money_metrics}`, `{area_metrics}` those of
    one type; `{metric_names}` the same as `{metrics}` as SQL texts. In `columns:` of a rule an entry `{metrics}` likewise.
    """
    if not isinstance(content, dict):
        return content
    columns = content.get("columns") or {}
    by_type = {
        kind: [name for name, column in columns.items() if isinstance(column, dict) and column.get("type") == kind]
        for kind in METRIC_TYPES
    }
    metrics = [name for name in columns if any(name in names for names in by_type.values())]
    lists = {f"{kind}_metrics": names for kind, names in by_type.items()} | {"metrics": metrics}
    lists["metric_names"] = [f"'{name}'" for name in metrics]
    rules = {code: _spelled_out(rule, lists) for code, rule in (content.get("rules") or {}).items()}
    return {**content, "rules": rules}


def _spelled_out(rule: Any, lists: dict[str, list[str]]) -> Any:
    if not isinstance(rule, dict) or "check" not in rule:
        return rule
    check = str(rule["check"])
    for name, members in lists.items():
        check = check.replace(f"{{{name}}}", ", ".join(members))
    columns = [member for entry in rule.get("columns") or [] for member in lists.get(str(entry).strip("{}"), [entry])]
    return {**rule, "check": check, "columns": columns}


class FeedColumn(Model):
    """How one agreed column is filled by one feed. Exactly one of `from` and `value` is given."""

    source: str | None = Field(default=None, alias="from")
    value: str | None = None
    unit: str | None = None
    units: tuple[str, ...] = ()
    formats: tuple[MomentStyle, ...] = ("iso", "zh", "slash", "excel")
    map: dict[str, str] = Field(default_factory=dict)
    optional: bool = False


class Unpivot(Model):
    """Columns whose header matches `header` become rows: the part in braces fills `name`, the cell fills `value`."""

    header: str
    name: str
    value: str


class Period(Model):
    """Where the period of a delivery is written: a pattern with one group over the file name."""

    file_name: str


class Feed(Model):
    """What one region sends for one dataset, and how it is to be read."""

    feed_id: str
    dataset: str
    region: str
    title: Label
    sender: str
    region_code: str
    format: Literal["csv", "json", "xlsx"]
    expected_every_days: int | None = None
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    delimiter: str = ","
    sheet: str | None = None
    header_rows: Literal[1, 2] = 1
    footer_starts_with: tuple[str, ...] = ()
    records: str = "$[*]"
    unpivot: Unpivot | None = None
    period: Period | None = None
    files: str = "*"
    null_values: tuple[str, ...] = ("-", "—", "…")
    max_reject_share: float = Field(default=0.10, ge=0, le=1)
    unknown_code: Literal["quarantine", "refuse"] = "quarantine"
    ignore: tuple[str, ...] = ()
    columns: dict[str, FeedColumn]

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        return {name: {"from": c} if isinstance(c, str) else c for name, c in columns.items()}

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str) -> str:
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise ValueError(f'{delimiter!r} is not one character between two cells; a tab is written "\\t"')
        return delimiter
