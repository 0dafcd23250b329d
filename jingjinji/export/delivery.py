"""The content of one delivery: data and changes per mart, then dictionary, manifest, signature and the last checks."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from jingjinji import audit, verify
from jingjinji.errors import UserError
from jingjinji.export import files as export_files
from jingjinji.export import signing
from jingjinji.export.agreements import Agreement, select_sql
from jingjinji.export.leaks import leaks_in
from jingjinji.paths import home
from jingjinji.query import connect
from jingjinji.release.copying import quoted
from jingjinji.release.marts import MartFacts
from jingjinji.release.store import Release, sync


class ExportError(UserError):
    """A delivery could not be made; the message names agreement, file and fix. Nothing left the house."""


@dataclass(frozen=True)
class DatasetOutcome:
    """One mart of a delivery. `withheld` are columns without a line in the agreement, or with `drop`."""

    rows: int
    suppressed_rows: int
    withheld: tuple[str, ...]
    changes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One delivery being made."""

    agreement: Agreement
    source: Path
    release: Release
    as_of: date | None
    base: dict[str, Any] | None
    base_folder: Path | None
    delivery_id: str


def write_datasets(job: Job, draft: Path) -> dict[str, DatasetOutcome]:
    """Data and changes of every mart of the agreement, as Parquet below `draft`."""
    for part in ("data", "changes"):
        (draft / part).mkdir(parents=True)
    datasets = {}
    salt = signing.pseudonym_salt(job.agreement.agreement_id)
    with connect(home().releases / job.release.release_id, job.as_of) as con:
        for name, dataset in job.agreement.datasets.items():
            facts = {column.name: column for column in facts_of(job, name).columns}
            columns = [(facts[column], grant.how) for column, grant in dataset.granted.items()]
            order = ", ".join(map(quoted, _key(job, name))) or "all"
            select = f"{select_sql(job.agreement, name, salt, facts_of(job, name))}\norder by {order}"
            data = draft / "data" / f"{name}.parquet"
            rows = export_files.write_data(con, select, columns, data)
            base = _base_data(job, name)
            changes = export_files.write_changes(base, data, _key(job, name), draft / "changes" / f"{name}.parquet")
            datasets[name] = DatasetOutcome(rows, suppressed(con, job, name), withheld(job, name), changes)
    return datasets


def _base_data(job: Job, name: str) -> Path | None:
    """The partner's last data of a mart, as it was signed."""
    if job.base is None or job.base_folder is None or name not in job.base["datasets"]:
        return None
    file = job.base["datasets"][name]["files"]["data"]
    path = job.base_folder / file
    if not path.exists() or verify.sha256_of(path) != job.base["files"][file]["sha256"]:
        raise ExportError(
            f"{path} is not what was delivered, so changes against it mean nothing: restore it from a backup"
        )
    return path


def is_nothing_new(job: Job, datasets: dict[str, DatasetOutcome], draft: Path) -> bool:
    """Whether the partner has all of it already, under the same terms and in the same form."""
    assert job.base is not None
    same_terms = job.base["agreement"]["sha256"] == job.agreement.sha256
    same_schema = all(
        job.base["datasets"].get(name, {}).get("schema") == verify.described_schema(draft / "data" / f"{name}.parquet")
        for name in datasets
    )
    return same_terms and same_schema and not any(sum(found.changes.values()) for found in datasets.values())


def seal(job: Job, datasets: dict[str, DatasetOutcome], draft: Path) -> str:
    """Dictionary, code lists, manifest and signature; then the checks that decide whether it may leave.

    Returns:
        The fingerprint of the key that signed.

    Raises:
        ExportError: A file holds personal numbers, or the delivery does not verify.
    """
    key = signing.signing_key()
    manifest = _manifest(job, datasets, draft)
    schemas = {name: manifest["datasets"][name]["schema"] for name in datasets}
    facts = manifest | {"release_id": job.release.release_id}
    head = export_files.dictionary_head(job.agreement, facts)
    export_files.write_dictionary(draft, export_files.dictionary_rows(schemas), head)
    export_files.copy_code_lists(draft, schemas)
    shutil.copyfile(job.source, draft / "agreement.yml")
    (draft / verify.PUBLIC_KEY).write_bytes(signing.public_pem(key))
    _refuse_leaks(job, schemas, draft)
    manifest["files"] = {
        path.relative_to(draft).as_posix(): {"sha256": verify.sha256_of(path), "bytes": path.stat().st_size}
        for path in sorted(draft.rglob("*"))
        if path.is_file()
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, default=str) + "\n"
    (draft / verify.MANIFEST).write_text(text, encoding="utf-8")
    (draft / verify.SIGNATURE).write_bytes(key.sign(text.encode()))
    _verify_and_sync(job, draft, signing.key_fingerprint(key))
    return signing.key_fingerprint(key)


def _manifest(job: Job, datasets: dict[str, DatasetOutcome], draft: Path) -> dict[str, Any]:
    agreement = job.agreement.model_dump(mode="json", exclude={"datasets"})
    return {
        "format": verify.FORMAT,
        "format_version": job.agreement.format_version,
        "delivery_id": job.delivery_id,
        "created_at": datetime.now(audit.SHANGHAI).isoformat(timespec="seconds"),
        "data_origin": job.release.data_origin,
        "agreement": agreement,
        "release": {
            "release_id": job.release.release_id,
            "created_at": job.release.created_at.isoformat(),
            "file_sha256": job.release.file_sha256,
        },
        "as_of": job.as_of.isoformat() if job.as_of else None,
        "base_delivery": job.base["delivery_id"] if job.base else None,
        "datasets": {name: _dataset_facts(job, name, found, draft) for name, found in datasets.items()},
        "withdrawn_datasets": sorted((job.base or {"datasets": {}})["datasets"].keys() - datasets.keys()),
        "audit_head": audit.verify_chain().head,
    }


def _dataset_facts(job: Job, name: str, found: DatasetOutcome, draft: Path) -> dict[str, Any]:
    data, changes = f"data/{name}.parquet", f"changes/{name}.parquet"
    return {
        "rows": found.rows,
        "suppressed_rows": found.suppressed_rows,
        "key": list(_key(job, name)),
        "changes": found.changes,
        "control_totals": verify.control_totals(draft / data),
        "schema": verify.described_schema(draft / data),
        "files": {"data": data, "changes": changes},
    }


def _refuse_leaks(job: Job, schemas: dict[str, list[dict[str, str]]], draft: Path) -> None:
    found = []
    for path in sorted(draft.rglob("*")):
        if path.is_file() and path.suffix != ".pem":
            quantities = frozenset(f["name"] for f in schemas.get(path.stem, []) if "unit" in f)
            found += leaks_in(path, quantities)
    if found:
        raise ExportError(
            f"exports/{job.agreement.agreement_id}.yml: the delivery would hold personal numbers "
            f"({'; '.join(found)}); take the column out of the agreement, or correct the data at its source"
        )


def _verify_and_sync(job: Job, draft: Path, fingerprint: str) -> None:
    wrong = [finding.line() for finding in verify.verify(draft, fingerprint) if finding.is_ok is False]
    if wrong:
        raise ExportError(f"{job.agreement.agreement_id}: the delivery does not verify:\n  " + "\n  ".join(wrong))
    for path in sorted(draft.rglob("*"), reverse=True):
        if path.is_file():
            path.chmod(0o444)
        sync(path)
    sync(draft)


def facts_of(job: Job, name: str) -> MartFacts:
    return job.release.tables[name].facts


def _key(job: Job, name: str) -> tuple[str, ...]:
    """The mart's key, when all of it goes out in a form that still tells rows apart."""
    granted = job.agreement.datasets[name].granted
    key = facts_of(job, name).key
    return key if all(c in granted and granted[c].how in ("plain", "hash") for c in key) else ()


def suppressed(con: duckdb.DuckDBPyConnection, job: Job, name: str) -> int:
    """How many rows the small-cell rule keeps back."""
    found = con.execute(select_sql(job.agreement, name, "", facts_of(job, name), suppressed=True)).fetchone()
    return int(found[0]) if found else 0


def withheld(job: Job, name: str) -> tuple[str, ...]:
    """Columns of the mart that do not go out."""
    granted = job.agreement.datasets[name].granted
    return tuple(column.name for column in facts_of(job, name).columns if column.name not in granted)
