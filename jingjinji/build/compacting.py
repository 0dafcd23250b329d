"""Schema `raw` of a finished build, kept in a few large files, so that a rebuild need not open every delivery again.

`landing/compacted/` is derived from the landing zone, holds no personal data and may be deleted at any time: whatever is
not in it, or stands in the landing zone in another version, is read from the delivery itself. It is renewed as a whole
once a fifth of the deliveries is not in it, so a delivery is rewritten a few times in its life and not every day.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.build.tables import OF_DELIVERIES, loaded_columns
from jingjinji.contracts import Contracts, load_contracts
from jingjinji.paths import Home, home

MANIFEST = "compacted.json"
# Fewer deliveries than this are opened one by one in no time.
AT_LEAST = 500
OVERDUE_SHARE = 0.2
# A held delivery is judged anew by the next build from nothing, so it is left out and read from the landing zone.
KEPT = "select delivery_id from raw.deliveries where status <> 'held'"


def restore(con: duckdb.DuckDBPyConnection, contracts: Contracts, place: Home | None = None) -> int:
    """Fill an empty schema `raw` with what was compacted; what has changed since is for the caller to find.

    A dataset whose columns are no longer those it was compacted with is left out with all its deliveries, and so is
    everything when a file is not what was written.

    Returns:
        number of deliveries restored, in the versions they were compacted in.
    """
    folder = (place or home()).compacted
    manifest = _manifest(folder)
    if manifest is None or not _is_intact(folder, manifest):
        return 0
    usable = [d for d, standard in contracts.standards.items() if manifest["columns"].get(d) == _signature(standard)]
    for table, shape in OF_DELIVERIES.items():
        con.execute(
            f"insert into raw.{table} by name select {', '.join(shape)} from read_parquet($1)"
            " where list_contains($2, dataset)",
            [str(folder / f"{table}.parquet"), usable],
        )
    for dataset in usable:
        con.execute(f"insert into raw.{dataset} by name from read_parquet($1)", [str(folder / f"of_{dataset}.parquet")])
    found = con.execute("select count(*) from raw.deliveries").fetchone()
    return int(found[0]) if found else 0


def compact_if_due(con: duckdb.DuckDBPyConnection, place: Home | None = None) -> bool:
    """Write schema `raw` of a finished build anew into `landing/compacted/` where enough of it is not there yet.

    Side effects: replaces the folder by one rename; a rebuild at the same moment finds the old one, the new one or none.

    Args:
        con: the finished candidate.

    Returns:
        whether it was written.
    """
    folder = (place or home()).compacted
    versions = dict(
        con.execute(
            f"select delivery_id, conform_version from ({KEPT}) join raw.deliveries using (delivery_id)"
        ).fetchall()
    )
    manifest = _manifest(folder) or {"deliveries": {}, "columns": {}}
    contracts = load_contracts()
    columns = {dataset: _signature(standard) for dataset, standard in contracts.standards.items()}
    missing = sum(1 for key, version in versions.items() if manifest["deliveries"].get(key) != version)
    if manifest["columns"] == columns and missing <= max(AT_LEAST, OVERDUE_SHARE * len(versions)):
        return False
    if len(versions) <= AT_LEAST:
        return False
    draft = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.draft")
    draft.mkdir(parents=True)
    try:
        _write(con, draft, columns, versions)
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _write(con: duckdb.DuckDBPyConnection, draft: Path, columns: dict[str, str], versions: dict[str, int]) -> None:
    tables = {table: table for table in OF_DELIVERIES} | {d: f"of_{d}" for d in columns}
    for table, name in tables.items():
        con.execute(
            f"copy (from raw.{table} where delivery_id in ({KEPT}) order by delivery_id)"
            f" to '{draft / name}.parquet' (format parquet, compression zstd)"
        )
    files = {f"{name}.parquet": _sha256(draft / f"{name}.parquet") for name in tables.values()}
    content = {"columns": columns, "files": files, "deliveries": versions}
    (draft / MANIFEST).write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")


def _replace(draft: Path, folder: Path) -> None:
    old = folder.with_name(f"{draft.name}.old")
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _is_intact(folder: Path, manifest: dict[str, Any]) -> bool:
    return all(
        (folder / name).exists() and _sha256(folder / name) == digest for name, digest in manifest["files"].items()
    )


def _signature(standard: Any) -> str:
    return hashlib.sha256(json.dumps(list(loaded_columns(standard).items())).encode()).hexdigest()[:16]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
