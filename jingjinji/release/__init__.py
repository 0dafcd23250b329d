"""A candidate becomes a release: an immutable folder holding marts only, and `current` pointing to it.

It does so when its checks passed, its content is new, and the release it was built upon is still the current one. The
folder is written beside, verified by a full scan, and renamed into place; `current` is then swapped in one step, so
that a reader sees the old release or the new one and nothing between.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from jingjinji import audit
from jingjinji.paths import Home, home
from jingjinji.release.copying import (
    MARTS,
    RELEASE_INFO,
    TableContent,
    content,
    copy_marts,
    differences,
    mart_columns,
    open_read_only,
    quoted,
)
from jingjinji.release.diffing import diff, diff_files, told, write_diff
from jingjinji.release.marts import MartFacts, mart_facts, personal_columns
from jingjinji.release.store import (
    KEEP,
    OF_EACH_RUN,
    WAREHOUSE,
    DeliveryRef,
    Release,
    ReleasedTable,
    ReleaseError,
    current_release,
    list_releases,
    list_text,
    point_to,
    prune,
    rollback,
    rolled_back_from,
    sha256_of,
    swap_lock,
    sweep_drafts,
    sync,
)

__all__ = [
    "Release",
    "ReleaseError",
    "create_release",
    "current_release",
    "diff",
    "latest_build",
    "list_releases",
    "list_text",
    "rollback",
    "rolled_back_from",
    "told",
]

# Column → type, comment, English name.
RELEASE_INFO_COLUMNS = {
    "release_id": ("varchar", "发布编号", "Release"),
    "created_at": ("timestamp", "发布时间（北京时间）", "Created at"),
    "parent_release_id": ("varchar", "上一版发布编号；首版为空", "Release before"),
    "run_id": ("varchar", "构建编号", "Run of the build"),
    "data_origin": ("varchar", "数据性质：real 实数据，simulated 模拟数据", "Data origin"),
    "deliveries_count": ("bigint", "采用的交付数", "Deliveries used"),
    "rules_hash": ("varchar", "规则与模型的散列值", "Hash of rules and models"),
    "known_from_max": ("timestamp", "所含数据最晚的报告时间（北京时间）", "Latest report in it"),
    "jjj_version": ("varchar", "程序版本", "Version of the program"),
}


@dataclass(frozen=True)
class Candidate:
    """A finished, checked build, and what is in its marts."""

    warehouse: Path
    run_id: str
    build: dict[str, Any]
    content: dict[str, TableContent]
    facts: dict[str, MartFacts]
    deliveries: tuple[DeliveryRef, ...]
    known_from_max: datetime | None


def create_release(candidate: Path, *, keep: int = KEEP) -> Release:
    """Make the candidate what everybody sees, or say that it holds nothing new.

    Args:
        candidate: `builds/<run>/warehouse.duckdb` (or its folder), finished and checked.
        keep: How many releases stay on disk; the current one and the nearest of its ancestors come first.

    Returns:
        The release; `is_new` is False when the current one already holds the same content.

    Raises:
        ReleaseError: The checks did not pass, or another release came in between; nothing changed.
    """
    place = home()
    offered = read_candidate(candidate / WAREHOUSE if candidate.is_dir() else candidate)
    parent = current_release(place)
    if parent and _same_content(offered, parent):  # asked first: a build released before began from an older release
        audit.record("release.unchanged", at=place, release_id=parent.release_id, run_id=offered.run_id)
        prune(keep, place)
        return parent
    _check_parent(offered.build, parent)
    release_id = _new_id(offered)
    draft = place.releases / f".draft-{release_id}-{os.getpid()}"
    try:
        draft.mkdir(parents=True)
        release = _write_draft(draft, release_id, offered, parent, place)
        _publish(draft, release, offered.build, place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    prune(keep, place)
    sweep_drafts(place.releases)
    return release


def read_candidate(warehouse: Path) -> Candidate:
    """Read a build that may be released.

    Raises:
        ReleaseError: It is not finished, not checked, did not pass, or holds what no release may hold.
    """
    build = _read_passed_build(warehouse.parent)
    with open_read_only(warehouse) as con:
        types = mart_columns(con)
        types.pop(RELEASE_INFO, None)
        if found := personal_columns(types):
            raise ReleaseError(f"marts hold personal columns ({', '.join(found)}), which no release may; take them out")
        return Candidate(
            warehouse=warehouse,
            run_id=warehouse.parent.name,
            build=build,
            content=content(con),
            facts=mart_facts(types),
            deliveries=_deliveries(con),
            known_from_max=_known_from_max(con, types),
        )


def latest_build() -> Path:
    """Folder of the build that finished last.

    Raises:
        ReleaseError: There is none; run `jjj build`.
    """
    finished = sorted(home().builds.glob("*/build.json"), key=lambda path: path.stat().st_mtime)
    if not finished:
        raise ReleaseError(f"there is no finished build in {home().builds}; run `jjj build` and `jjj check`")
    return finished[-1].parent


def data_origin(at: Home | None = None) -> str:
    """`real` or `simulated`, as the home is marked.

    Raises:
        ReleaseError: The home is not marked yet; landing marks it.
    """
    marker = (at or home()).marker
    if not marker.exists():
        raise ReleaseError(f"{marker} is missing, so nobody could tell real from simulated data; land a delivery first")
    return str(json.loads(marker.read_text(encoding="utf-8"))["data_origin"])


def _read_passed_build(folder: Path) -> dict[str, Any]:
    """`build.json` of a finished build that passed its checks."""
    build, quality = folder / "build.json", folder / "quality.json"
    if not build.exists():
        raise ReleaseError(f"{build} is missing: the build did not finish; run `jjj build` again")
    if not quality.exists():
        raise ReleaseError(f"{quality} is missing: the build was not checked; run `jjj check` on it")
    verdict = json.loads(quality.read_text(encoding="utf-8"))
    if verdict.get("passed") is not True:
        failed = "\n".join(f"  {_failed_line(item)}" for item in verdict.get("failed", []))
        raise ReleaseError(
            f"build {folder.name} did not pass its checks: nothing is released, everybody stays on the current release. "
            f"Failed expectations:\n{failed or '  (none named)'}\nSee {quality}; correct the input and build again."
        )
    return dict(json.loads(build.read_text(encoding="utf-8")))


def _failed_line(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    place = ".".join(str(item[key]) for key in ("table", "column") if item.get(key))
    parts = [item.get("suite"), item.get("expectation"), place, item.get("why")]
    return " · ".join(str(part) for part in parts if part)


def _check_parent(build: dict[str, Any], current: Release | None) -> None:
    """A build knows the release it began from; a release made since then would be undone by this one."""
    if "parent_release_id" not in build:
        raise ReleaseError("build.json does not say parent_release_id, the release the build began from; build again")
    began_from, now = build["parent_release_id"], current.release_id if current else None
    if began_from != now:
        raise ReleaseError(
            f"this build began from release {began_from}, but the current release is now {now}: releasing it would undo "
            "what came in between. Nothing was changed; run `jjj build` again and release that build."
        )


def _same_content(offered: Candidate, current: Release) -> bool:
    released = {name: table.content_hash for name, table in current.tables.items()} | current.macros
    fresh = {name: found.content_hash for name, found in offered.content.items()}
    same_rows = all(released.get(name) == fresh.get(name) for name in (released.keys() | fresh.keys()) - OF_EACH_RUN)
    return same_rows and {name: table.facts for name, table in current.tables.items()} == offered.facts


def _new_id(offered: Candidate) -> str:
    digest = hashlib.sha256(repr([offered.run_id, sorted(offered.content.items())]).encode()).hexdigest()
    now = datetime.now(audit.SHANGHAI)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}-{digest[:6]}"


def _deliveries(con: duckdb.DuckDBPyConnection) -> tuple[DeliveryRef, ...]:
    if not con.execute(
        "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'deliveries'"
    ).fetchall():
        raise ReleaseError("the candidate has no raw.deliveries, so its numbers cannot be traced; build again")
    columns = ", ".join(f"cast({name} as varchar)" for name in DeliveryRef.model_fields)
    rows = con.execute(f"select {columns} from raw.deliveries order by 1").fetchall()
    return tuple(DeliveryRef(**dict(zip(DeliveryRef.model_fields, row, strict=True))) for row in rows)


def _known_from_max(con: duckdb.DuckDBPyConnection, types: dict[str, dict[str, str]]) -> datetime | None:
    tables = [table for table, columns in types.items() if columns.get("known_from") == "TIMESTAMP"]
    found = [con.execute(f"select max(known_from) from {MARTS}.{quoted(table)}").fetchone() for table in tables]
    return max((row[0] for row in found if row and row[0]), default=None)


def _write_draft(draft: Path, release_id: str, offered: Candidate, parent: Release | None, place: Home) -> Release:
    """Everything of the release in `draft`, verified and on the disk."""
    warehouse = draft / WAREHOUSE
    created_at = datetime.now(audit.SHANGHAI).replace(tzinfo=None, microsecond=0)
    copy_marts(offered.warehouse, warehouse)
    _write_release_info(warehouse, release_id, created_at, offered, parent, place)
    _verify_copy(warehouse, offered)
    tables = {name: found for name, found in offered.content.items() if name in offered.facts}
    release = Release(
        release_id=release_id,
        parent_release_id=parent.release_id if parent else None,
        run_id=offered.run_id,
        created_at=created_at,
        data_origin=data_origin(place),
        known_from_max=offered.known_from_max,
        file_sha256=sha256_of(warehouse),
        file_bytes=warehouse.stat().st_size,
        tables={
            n: ReleasedTable(rows=t.rows, content_hash=t.content_hash, facts=offered.facts[n])
            for n, t in tables.items()
        },
        macros={name: found.content_hash for name, found in offered.content.items() if name not in offered.facts},
        deliveries=offered.deliveries,
        versions=_versions(),
        build={key: value for key, value in offered.build.items() if not isinstance(value, dict | list)},
        is_new=True,
    )
    (draft / "release.json").write_text(release.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_diff(diff_files(parent, release, place.releases, new_warehouse=warehouse), draft / "diff.json")
    for path in draft.iterdir():
        path.chmod(0o444)
        sync(path)
    sync(draft)
    return release


def _write_release_info(
    warehouse: Path, release_id: str, created_at: datetime, offered: Candidate, parent: Release | None, place: Home
) -> None:
    values = [
        release_id,
        created_at,
        parent.release_id if parent else None,
        offered.run_id,
        data_origin(place),
        len(offered.deliveries),
        offered.build.get("rules_hash"),
        offered.known_from_max,
        _versions()["jingjinji"],
    ]
    with duckdb.connect(str(warehouse)) as con:
        columns = ", ".join(f"{name} {kind}" for name, (kind, *_) in RELEASE_INFO_COLUMNS.items())
        con.execute(f"create table {MARTS}.{RELEASE_INFO} ({columns})")
        con.execute(f"insert into {MARTS}.{RELEASE_INFO} values ({', '.join('?' * len(values))})", values)
        for name, (_, comment, _) in RELEASE_INFO_COLUMNS.items():
            con.execute(f"comment on column {MARTS}.{RELEASE_INFO}.{name} is '{comment}'")
        con.execute("checkpoint")


def _verify_copy(warehouse: Path, offered: Candidate) -> None:
    """Reopen the file and read all of it: a copy that differs must never become current."""
    with open_read_only(warehouse) as con:
        wrong = differences(offered.content, content(con))
    if wrong:
        raise ReleaseError("the copy differs from the candidate, so nothing was released:\n  " + "\n  ".join(wrong))
    if leftovers := [path.name for path in warehouse.parent.iterdir() if path != warehouse]:
        raise ReleaseError(f"the release file was not closed cleanly ({', '.join(leftovers)} beside it); release again")


def _versions() -> dict[str, str]:
    return {
        "jingjinji": importlib.metadata.version("jingjinji"),
        "duckdb": duckdb.__version__,
        "python": platform.python_version(),
    }


def _publish(draft: Path, release: Release, build: dict[str, Any], place: Home) -> None:
    with swap_lock(place):
        _check_parent(build, current_release(place))
        draft.rename(place.releases / release.release_id)
        sync(place.releases)
        point_to(place, release.release_id)
        audit.record(
            "release.create",
            at=place,
            release_id=release.release_id,
            parent_release_id=release.parent_release_id,
            run_id=release.run_id,
            file_sha256=release.file_sha256,
        )
