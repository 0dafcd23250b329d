"""What is known of a mart beside its rows: its key, and the names, units and code lists of its columns.

The owners are the mart's own `.yml` in the dbt project (description, key) and the standards of `feeds/` (unit, code
list, Chinese and English name): a column of a mart means what the agreed column of the same name means. Other columns
have their names in the mart's `.yml`, as `config: {meta: {zh: …, en: …}}`, where only that mart means this by them, and else in
`superset/labels.yml`. A release carries the outcome in `release.json`, so that what reads releases needs none of these files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from jingjinji.contracts import Standard, load_contracts
from jingjinji.paths import PROJECT


class MartColumn(BaseModel):
    """One column of a mart as people and machines read it. `codes` is `<seed>.<column>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str
    zh: str | None = None
    en: str | None = None
    unit: str | None = None
    codes: str | None = None
    definition: str | None = None


class MartFacts(BaseModel):
    """Key and column facts of one mart. An empty key means: rows can only be compared whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str | None = None
    en: str | None = None
    description: str | None = None
    key: tuple[str, ...] = ()
    columns: tuple[MartColumn, ...] = ()


def mart_facts(
    types: dict[str, dict[str, str]], models: Path | None = None, feeds: Path | None = None, labels: Path | None = None
) -> dict[str, MartFacts]:
    """Facts of every mart.

    Args:
        types: mart -> column -> DuckDB type, as found in the file.
        models: Folder of the marts' `.yml`; that of the project when absent.
        feeds: Folder of the standards; that of the project when absent.
        labels: File of the names that marts share; that of the project when absent.
    """
    described = models_of_steps() | _described_models(models or PROJECT / "dbt_project" / "models")
    standards = list(load_contracts(feeds).standards.values())
    shared = _shared_names(labels or PROJECT / "superset" / "labels.yml")
    return {mart: _facts(columns, described.get(mart, {}), standards, shared) for mart, columns in types.items()}


def models_of_steps() -> dict[str, dict[str, Any]]:
    """The marts that steps write and no dbt model makes, described as a `.yml` would describe them."""
    from jingjinji.quality import results
    from jingjinji.release import RELEASE_INFO_COLUMNS
    from jingjinji.release.copying import RELEASE_INFO

    info = [(name, *facts) for name, facts in RELEASE_INFO_COLUMNS.items()]
    return {
        results.TABLE: _written_model(results.TITLE, results.ABOUT, results.COLUMNS),
        RELEASE_INFO: _written_model(("发布信息", "The release itself"), "One row: the release itself.", info),
    }


def _written_model(title: tuple[str, str], about: str, columns: Iterable[tuple[str, str, str, str]]) -> dict[str, Any]:
    listed = [
        {
            "name": name,
            "data_type": kind,
            "description": comment,
            "meta": {"zh": re.split("[：；，。（]", comment)[0], "en": en},
        }
        for name, kind, comment, en in columns
    ]
    return {"description": about, "meta": {"zh": title[0], "en": title[1]}, "columns": listed}


def personal_columns(types: dict[str, dict[str, str]], feeds: Path | None = None) -> list[str]:
    """`mart.column` of every column that a standard marks as personal data; none may be in a release."""
    personal = {
        name
        for standard in load_contracts(feeds).standards.values()
        for name, column in standard.columns.items()
        if column.personal
    }
    return sorted(f"{mart}.{column}" for mart, columns in types.items() for column in columns if column in personal)


def _facts(
    types: dict[str, str], model: dict[str, Any], standards: list[Standard], shared: dict[str, dict[str, str]]
) -> MartFacts:
    described = {column["name"]: column for column in model.get("columns", [])}
    ranked = sorted(standards, key=lambda standard: -len(types.keys() & standard.columns.keys()))
    return MartFacts(
        zh=_meta(model).get("zh"),
        en=_meta(model).get("en"),
        description=model.get("description"),
        key=tuple(column for column in _declared_key(model) if column in types),
        columns=tuple(
            _column(name, kind, described.get(name, {}), ranked, shared.get(name, {})) for name, kind in types.items()
        ),
    )


def _column(
    name: str, kind: str, described: dict[str, Any], standards: list[Standard], shared: dict[str, str]
) -> MartColumn:
    """The mart's own words first, then the standard that shares most columns with the mart, then the names marts share."""
    agreed = next((standard.columns[name] for standard in standards if name in standard.columns), None)
    own = _meta(described)
    return MartColumn(
        name=name,
        type=kind,
        zh=own.get("zh") or (agreed.zh if agreed else shared.get("zh")),
        en=own.get("en") or (agreed.en if agreed else shared.get("en")),
        unit=own.get("unit") or (agreed.unit if agreed else None),
        codes=own.get("codes") or (agreed.codes if agreed else None),
        definition=described.get("description") or (agreed.definition if agreed else None),
    )


def _shared_names(file: Path) -> dict[str, dict[str, str]]:
    """Column → {zh, en}, or {zh} of a column that only a dashboard has; none in a project without dashboards."""
    names: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {name: given if isinstance(given, dict) else {"zh": given} for name, given in names.items()}


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _declared_key(model: dict[str, Any]) -> list[str]:
    """`config.meta.key`, else what a uniqueness test of the model says."""
    if key := _meta(model).get("key"):
        return list(key)
    for test in model.get("data_tests", []):
        for name, arguments in test.items() if isinstance(test, dict) else ():
            if "unique" in name:
                given = arguments.get("arguments", arguments)
                return list(given.get("combination_of_columns") or given.get("columns") or [])
    return [column["name"] for column in model.get("columns", []) if "unique" in column.get("data_tests", [])][:1]


def _described_models(folder: Path) -> dict[str, dict[str, Any]]:
    documents = (yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in sorted(folder.rglob("*.yml")))
    return {model["name"]: model for document in documents for model in document.get("models", [])}
