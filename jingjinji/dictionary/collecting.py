"""What the dictionary tells, read from its owners: standards and feeds, seeds, the marts' own files, the names marts share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from jingjinji import codes
from jingjinji.contracts import Contracts, load_contracts
from jingjinji.explaining.lineage import parent_marts, upstream
from jingjinji.paths import PROJECT
from jingjinji.release.marts import MartFacts, mart_facts, models_of_steps


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CodeList(_Frozen):
    """One seed: its columns, its rows as text, what it is for, and which agreed columns take their codes from it."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    used_by: tuple[tuple[str, str], ...]
    code_columns: tuple[str, ...]


class Mart(_Frozen):
    """One mart: facts from its file, whether it can be asked as of a day, and the marts around it. `path` is what makes it."""

    name: str
    facts: MartFacts
    path: str
    time: str
    is_incremental: bool
    parents: tuple[str, ...]
    seeds: tuple[str, ...]
    datasets: tuple[str, ...]


class Dictionary(_Frozen):
    """Everything the pages are made of."""

    contracts: Contracts
    code_lists: dict[str, CodeList]
    marts: dict[str, Mart]


def collect(project: Path | None = None) -> Dictionary:
    """Read everything; nothing is taken from a database, so that a description is there before the first build.

    Args:
        project: root of the project, that of this installation when None.
    """
    root = project or PROJECT
    contracts = load_contracts(root / "feeds")
    documents = [
        yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in sorted((root / "dbt_project").rglob("*.yml"))
    ]
    seeds_about = {
        seed["name"]: _one_line(seed.get("description")) for document in documents for seed in document.get("seeds") or []
        if isinstance(seed, dict)
    }  # fmt: skip
    return Dictionary(
        contracts=contracts,
        code_lists={name: _code_list(name, seeds_about.get(name, ""), contracts) for name in _seed_names(root)},
        marts=_marts(root, documents),
    )


def _seed_names(root: Path) -> list[str]:
    return sorted(path.stem for path in (root / "dbt_project" / "seeds").glob("*.csv"))


def _code_list(name: str, about: str, contracts: Contracts) -> CodeList:
    rows = codes.rows_of(name)
    columns = tuple(rows[0]) if rows else ()
    used = [
        (dataset, column)
        for dataset, standard in sorted(contracts.standards.items())
        for column, agreed in standard.columns.items()
        if agreed.codes and agreed.codes.split(".")[0] == name
    ]
    taken = {str(contracts.standards[d].columns[c].codes).split(".")[1] for d, c in used}
    return CodeList(
        name=name, about=about, columns=columns, rows=tuple(tuple(row[c] or "" for c in columns) for row in rows),
        used_by=tuple(used), code_columns=tuple(sorted(taken)),
    )  # fmt: skip


def _marts(root: Path, documents: list[dict[str, Any]]) -> dict[str, Mart]:
    files = {path.stem: path for path in sorted((root / "dbt_project" / "models" / "marts").glob("*.sql"))}
    models = {
        model["name"]: model
        for document in documents
        for model in document.get("models") or []
        if isinstance(model, dict)
    }
    types = {
        name: {c["name"]: str(c.get("data_type", "")) for c in models[name].get("columns") or []}
        for name in files if name in models
    }  # fmt: skip
    written = models_of_steps()
    types |= {name: {c["name"]: c["data_type"] for c in model["columns"]} for name, model in written.items()}
    facts = mart_facts(types, root / "dbt_project" / "models", root / "feeds", root / "superset" / "labels.yml")
    sql = {name: files[name].read_text(encoding="utf-8") if name in files else "" for name in types}
    return {name: _mart(name, facts[name], sql[name], root) for name in types}


def _mart(name: str, facts: MartFacts, sql: str, root: Path) -> Mart:
    above = upstream(name, root)
    columns = {column.name for column in facts.columns}
    time = "now"
    if "as_of_table" in sql:
        time = "as_of"
    elif "known_from" in columns:
        time = "versions" if "known_to" in columns else "changes"
    return Mart(
        name=name, facts=facts, path=above[0].path, time=time, is_incremental="incremental" in sql, parents=tuple(parent_marts(name, root)),
        seeds=tuple(sorted(ref.name for ref in above if ref.layer == "seeds")),
        datasets=tuple(sorted(ref.name.removeprefix("raw.") for ref in above if ref.layer == "raw" and ref.path)),
    )  # fmt: skip


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())
