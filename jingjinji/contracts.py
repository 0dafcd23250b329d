"""What was agreed (standards) and what comes in (feeds), read from the YAML below `feeds/`.

A standard is `feeds/<dataset>/_standard.yml`, a feed is `feeds/<dataset>/<region>.yml`; the path is the identity.
Unknown keys are errors, and every error names the file, the key and what to write instead.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jingjinji.codes import CodeListError, code_list, units
from jingjinji.errors import UserError
from jingjinji.paths import PROJECT

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

# The one written in C where there is one: ten times as fast, and reading the contracts is most of starting up.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Raised by hand when the meaning of the generated SQL changes, so that `jjj reland` sees the deliveries as due.
CONFORM_VERSION = "2"


# What a human has yet to say of a drafted feed: the value of a key begins with it.
TODO = "TODO"


class ContractError(UserError):
    """A standard or feed cannot be used; the message names file, key and fix."""


class UnfinishedFeedError(ContractError):
    """The feed is still a draft; the message names file and every key that waits for an answer."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


M = TypeVar("M", bound=_Model)


class Label(_Model):
    """A name for people: Chinese on dashboards and receipts, English in schemas."""

    zh: str
    en: str


class Column(_Model):
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


class RowRule(_Model):
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


class Standard(_Model):
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


class FeedColumn(_Model):
    """How one agreed column is filled by one feed. Exactly one of `from` and `value` is given."""

    source: str | None = Field(default=None, alias="from")
    value: str | None = None
    unit: str | None = None
    units: tuple[str, ...] = ()
    formats: tuple[MomentStyle, ...] = ("iso", "zh", "slash", "excel")
    map: dict[str, str] = Field(default_factory=dict)
    optional: bool = False


class Unpivot(_Model):
    """Columns whose header matches `header` become rows: the part in braces fills `name`, the cell fills `value`."""

    header: str
    name: str
    value: str


class Period(_Model):
    """Where the period of a delivery is written: a pattern with one group over the file name."""

    file_name: str


class Feed(_Model):
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


class Contracts(_Model):
    """Everything agreed: standards by dataset, feeds by `<dataset>/<region>`.

    `unfinished` are feeds with a TODO in them, each with what is to be answered: nothing lands by them, and the other feeds go on.
    """

    standards: dict[str, Standard]
    feeds: dict[str, Feed]
    unfinished: dict[str, str] = Field(default_factory=dict)

    def feed(self, feed_id: str) -> Feed:
        """The feed of that id.

        Raises:
            UnfinishedFeedError: the feed holds a TODO; the message names file and keys.
            ContractError: no such feed; the message lists the ids there are.
        """
        if feed_id in self.unfinished:
            raise UnfinishedFeedError(self.unfinished[feed_id])
        if feed_id not in self.feeds:
            raise ContractError(f"there is no feed {feed_id!r}; feeds are: {', '.join(sorted(self.feeds))}")
        return self.feeds[feed_id]

    def standard_of(self, feed: Feed) -> Standard:
        """The agreed table that `feed` fills."""
        return self.standards[feed.dataset]


def rule_set_version(standard: Standard, feed: Feed) -> str:
    """Twelve hex digits that change whenever a delivery of `feed` could be judged differently."""
    lists = {c.codes: code_list(c.codes) for c in standard.columns.values() if c.codes}
    used_units = {name: repr(unit) for name, unit in units().items()}
    parts = [CONFORM_VERSION, standard.model_dump(mode="json"), feed.model_dump(mode="json"), lists, used_units]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


def load_contracts(root: Path | None = None) -> Contracts:
    """Read and cross-check every standard and feed; one with a TODO in it is named in `unfinished` and not among the feeds.

    Args:
        root: folder of the contracts, default `feeds/` of the project.

    Raises:
        ContractError: a file is not YAML, has an unknown key, or contradicts its standard, a unit or a code list.
    """
    root = root or PROJECT / "feeds"
    files = sorted(root.glob("*/*.yml"))
    return _load(root, tuple((path, path.stat().st_mtime_ns) for path in files))


@cache
def _load(root: Path, files: tuple[tuple[Path, int], ...]) -> Contracts:
    standards: dict[str, Standard] = {}
    feeds: dict[str, Feed] = {}
    unfinished: dict[str, str] = {}
    for path, _ in files:
        if path.name == "_standard.yml":
            standards[path.parent.name] = _parse(path, _content(path), Standard, dataset=path.parent.name)
    for path, _ in files:
        if path.name != "_standard.yml":
            dataset, region = path.parent.name, path.stem
            if dataset not in standards:
                raise ContractError(f"{path}: there is no {path.parent}/_standard.yml to fill")
            feed_id, content = f"{dataset}/{region}", _content(path)
            if open_keys := list(todos(content)):
                lines = [f"  {key}: {value}" for key, value in open_keys]
                unfinished[feed_id] = f"{path}: still a draft, write an answer for every {TODO}:\n" + "\n".join(lines)
            else:
                feeds[feed_id] = _parse(path, content, Feed, feed_id=feed_id, dataset=dataset, region=region)
    for dataset, standard in standards.items():
        _raise_all(root / dataset / "_standard.yml", standard_faults(standard))
    for feed_id, feed in feeds.items():
        _raise_all(root / f"{feed_id}.yml", feed_faults(standards[feed.dataset], feed))
    return Contracts(standards=standards, feeds=feeds, unfinished=unfinished)


def _content(path: Path) -> dict[str, Any]:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER) or {}
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not valid YAML: {error}") from error


def todos(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Dotted key and value of every text in a YAML that begins with TODO."""
    if isinstance(content, str) and content.startswith(TODO):
        yield key, content
    elif isinstance(content, dict | list):
        for name, inner in content.items() if isinstance(content, dict) else enumerate(content):
            yield from todos(inner, f"{key}.{name}" if key else str(name))


def _parse(path: Path, content: dict[str, Any], model: type[M], **identity: str) -> M:
    try:
        return model.model_validate(content | identity)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ContractError(f"{path}:\n" + "\n".join(lines)) from error


def _raise_all(path: Path, faults: list[str]) -> None:
    if faults:
        raise ContractError(f"{path}:\n" + "\n".join(f"  {fault}" for fault in faults))


def standard_faults(standard: Standard) -> list[str]:
    """What contradicts itself in a standard, one sentence each; empty when it can be used."""
    named = [*standard.key, *standard.known_from]
    named += [column for rule in standard.rules.values() for column in rule.columns]
    faults = [f"column {name} is named but not listed under columns" for name in named if name not in standard.columns]
    for name, column in standard.columns.items():
        if column.unit and column.unit not in units():
            faults.append(f"columns.{name}.unit: {column.unit} is not in dbt_project/seeds/ref_units.csv")
        if (column.type == "code") != bool(column.codes):
            faults.append(f"columns.{name}: type code and `codes:` belong together")
        if column.codes:
            try:
                code_list(column.codes)
            except CodeListError as error:
                faults.append(f"columns.{name}.codes: {error}")
    return faults


def feed_faults(standard: Standard, feed: Feed) -> list[str]:
    """What contradicts the standard in a feed, one sentence each; empty when it can be used."""
    unpivoted = (feed.unpivot.name, feed.unpivot.value) if feed.unpivot else ()
    faults = [
        f"columns.{name}: the standard has no such column" for name in feed.columns if name not in standard.columns
    ]
    faults += [f"unpivot: the standard has no column {name}" for name in unpivoted if name not in standard.columns]
    for name, column in standard.columns.items():
        if column.required and name not in feed.columns and name not in unpivoted:
            faults.append(f"columns.{name}: required by the standard, say where it comes from (from: or value:)")
    for name, source in feed.columns.items():
        if name in standard.columns:
            faults += [f"columns.{name}: {fault}" for fault in _column_faults(standard.columns[name], source)]
    return faults


def _column_faults(column: Column, source: FeedColumn) -> list[str]:
    faults = []
    if (source.source is None) == (source.value is None):
        faults.append("give either `from:` or `value:`")
    if bool(source.units) != ("{unit}" in (source.source or "")):
        faults.append("`units:` and {unit} in `from:` belong together")
    for name in (*source.units, *([source.unit] if source.unit else [])):
        unit = units().get(name)
        if unit is None:
            faults.append(f"unit {name} is not in dbt_project/seeds/ref_units.csv")
        elif column.unit is None or unit.dimension != units()[column.unit].dimension:
            faults.append(f"unit {name} cannot become {column.unit}")
        elif column.type == "count" and unit.denominator != 1:
            faults.append(f"unit {name} is a fraction of {column.unit} and cannot be counted")
    if column.codes:
        known = set(code_list(column.codes))
        faults += [f"map: {code} is not in {column.codes}" for code in source.map.values() if code not in known]
        if source.value is not None and source.value not in known:
            faults.append(f"value: {source.value} is not in {column.codes}")
    if column.type in NUMBER_TYPES and column.unit and source.source and not (source.unit or source.units):
        faults.append(f"say the unit the feed sends: `unit: {column.unit}` or another of the same dimension")
    return faults


@lru_cache(maxsize=10_000)
def normal_header(text: str) -> str:
    """A header without the differences that carry no meaning: full-width forms, spaces, line breaks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


@cache
def header_pattern(text: str) -> re.Pattern[str]:
    """A header as declared (`受灾人口({unit})`, `{year}年`) as a pattern over normalised headers."""
    escaped = re.escape(normal_header(text)).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>.+?)", escaped))
