"""A candidate: copy of the last build, new deliveries loaded, models run. Nobody sees it before it is released.

`prepare_candidate`, `load_deliveries`, `run_dbt` and `finish_build` are what the scheduler calls one by one; `build`
does all of it. A build counts as finished only once `build.json` stands beside its warehouse, which is written last.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from jingjinji import audit
from jingjinji.build import compacting
from jingjinji.build.dbt_run import GOOD, BuildError, ModelResult, run_dbt
from jingjinji.build.finding import is_unchanged
from jingjinji.build.loading import Loaded, forget_touched, load_deliveries
from jingjinji.paths import PROJECT, home
from jingjinji.quality.results import carry_over

__all__ = ["BuildError", "BuildResult", "build", "finish_build", "load_deliveries", "prepare_candidate", "run_dbt"]

WAREHOUSE, PREPARED, FINISHED = "warehouse.duckdb", "prepared.json", "build.json"
KEEP_BUILDS = 3
# An unfinished folder that nobody has written to for this long belongs to no running build.
ABANDONED_AFTER = timedelta(days=1)
# What decides the marts beside the deliveries. A change of any of them makes the next build start from an empty file.
RULES = (
    "dbt_project/**/*.sql",
    "dbt_project/**/*.yml",
    "dbt_project/seeds/*.csv",
    "feeds/*/*.yml",
    "jingjinji/build/*.py",
    "jingjinji/quality/*.py",  # which deliveries are held
    "jingjinji/codes.py",
    "jingjinji/contracts.py",
    "jingjinji/personal.py",  # what holds a delivery and what a mart may show
    "expectations/*.py",
    "requirements/platform.txt",  # dbt and the database
)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class BuildResult:
    """One build. `nothing_new`: the landing zone and the rules are those of the build at `path`; nothing was made."""

    run_id: str
    path: Path
    parent_build: str | None
    n_new: int
    n_replaced: int
    n_withdrawn: int
    nothing_new: bool
    models: tuple[ModelResult, ...]


def build(run_id: str | None = None, *, full: bool = False, on_progress: Progress = lambda _: None) -> BuildResult:
    """Make the next candidate, or say that there is nothing new.

    Args:
        run_id: name of the build; made from the time when absent.
        full: start from an empty file and load every delivery again, also when nothing is new.
        on_progress: called with a line for people as steps and models end.

    Raises:
        BuildError: a model or test failed, or a check of the incoming rows could not be made. Everybody stays on the
            current release; what to correct is in the message.
    """
    from jingjinji import quality

    last = last_build()
    if last and not full and _is_same_input(last) and _may_still_be_released(last):
        return _unchanged(last)
    candidate = prepare_candidate(run_id or new_run_id(), full=full)
    assert candidate is not None  # only a settled build makes it None, and that one returned above
    on_progress("loading what has landed")
    loaded = load_deliveries(candidate)
    on_progress(f"loaded: {loaded.n_new} new, {loaded.n_replaced} replaced, {loaded.n_withdrawn} withdrawn deliveries")
    on_progress("checking what came in")
    verdict = quality.check_incoming(candidate)
    for held in verdict.held:
        on_progress(f"held out: {held.feed_id} {held.delivery_id}：{held.why_zh}")
    if not verdict.passed:
        raise BuildError("the incoming check failed:\n" + "\n".join(map(str, verdict.failed)))
    on_progress("models and their tests")
    run_dbt(candidate, on_progress=on_progress)
    return finish_build(candidate)


def prepare_candidate(run_id: str, *, full: bool = False) -> Path | None:
    """A file for this run below `builds/`: a copy of the last finished build, or empty where the rules have changed.

    Args:
        run_id: name of the run; characters that do not belong into a file name become `_`.
        full: start from an empty file in any case.

    Returns:
        Absolute path of `warehouse.duckdb`; None when deliveries and rules are those of a build already released.
        A finished build of that name stays as it is: a repeated run gets a folder of its own beside it.
    """
    last = last_build()
    if last and not full and _is_same_input(last) and is_settled(last["run_id"]):
        return None
    folder = _free_folder(re.sub(r"[^A-Za-z0-9_.-]", "_", run_id))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    parent = last if last and not full and last["rules_hash"] == rules_hash() else None
    if parent:
        shutil.copyfile(home().builds / parent["run_id"] / WAREHOUSE, folder / WAREHOUSE)
    elif last:  # what checks found is in no landing zone
        carry_over(home().builds / last["run_id"] / WAREHOUSE, folder / WAREHOUSE)
    _write_json(folder / PREPARED, {
        "run_id": folder.name,
        "started_at": _now(),
        "parent_build": parent["run_id"] if parent else None,
        "parent_release_id": _current_release_id(),
        "rules_hash": rules_hash(),
    })  # fmt: skip
    return (folder / WAREHOUSE).resolve()


def finish_build(path: Path) -> BuildResult:
    """Close a candidate whose models are built, and let go of builds nobody needs any more.

    Side effects: writes `build.json` beside the candidate, deletes all but the last three builds.

    Raises:
        BuildError: the candidate was not prepared here, or its models have not all run through since deliveries were
            loaded into it; run the steps before this one again.
    """
    prepared = _read_json(path.parent / PREPARED)
    if prepared is None:
        raise BuildError(f"{path.parent / PREPARED} is missing: prepare the candidate first")
    with duckdb.connect(str(path)) as con:
        models = _ran_through(con, path)
        rows = _mart_rows(con)
        forget_touched(con)
        versions = dict(con.execute("select delivery_id, conform_version from raw.deliveries order by 1").fetchall())
        con.execute("checkpoint")
        compacting.compact_if_due(con)
    loaded = _changes_since(prepared["parent_build"], versions, path)
    facts = prepared | asdict(loaded) | {
        "finished_at": _now(), "input_hash": _input_hash(prepared["rules_hash"], versions), "deliveries": versions,
        "mart_rows": rows, "models": [[m.kind, m.name, m.status, m.seconds] for m in models if m.kind != "test"],
    }  # fmt: skip
    _write_json(path.parent / FINISHED, facts)
    prune()
    counts = (loaded.n_new, loaded.n_replaced, loaded.n_withdrawn)
    return BuildResult(facts["run_id"], path, facts["parent_build"], *counts, False, models)


def result_json(made: BuildResult) -> str:
    """The result for programs."""
    return json.dumps(asdict(made), ensure_ascii=False, default=str)


def result_text(made: BuildResult) -> str:
    """The result for people, one line."""
    if made.nothing_new:
        return f"nothing new: build {made.run_id} has all that has landed ({made.path})"
    counts = f"{made.n_new} new, {made.n_replaced} replaced, {made.n_withdrawn} withdrawn deliveries"
    return f"build {made.run_id}: {counts}; {len(made.models)} dbt nodes ({made.path})"


def new_run_id() -> str:
    """A run id that sorts by time and is no other run's."""
    return f"{datetime.now(audit.SHANGHAI):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def last_build() -> dict[str, Any] | None:
    """`build.json` of the build finished last, or None before the first one."""
    builds = [build for file in home().builds.glob(f"*/{FINISHED}") if (build := _read_json(file))]
    return max(builds, key=lambda b: (b["finished_at"], b["run_id"]), default=None)


def is_settled(run_id: str) -> bool:
    """Whether the build became a release, or was found to hold what the release already held."""
    events = ("release.create", "release.unchanged")
    return any(e["event"] in events and e["facts"].get("run_id") == run_id for e in audit.read(events=events))


def rules_hash() -> str:
    """Hash of all models, seeds, standards and feeds."""
    digest = hashlib.sha256()
    for pattern in RULES:
        for file in sorted(PROJECT.glob(pattern)):
            name = file.relative_to(PROJECT).as_posix()
            if "/target/" not in name and "/logs/" not in name:
                digest.update(f"{name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def prune() -> list[str]:
    """Delete builds beyond the last three, and folders of runs that never finished; returns their names.

    The build that the next one will be copied from is always among those kept.
    """
    finished = {b["run_id"]: b for file in home().builds.glob(f"*/{FINISHED}") if (b := _read_json(file))}
    newest = sorted(finished, key=lambda run: (finished[run]["finished_at"], run))[-KEEP_BUILDS:]
    in_use = {prepared["parent_build"] for file in _running() if (prepared := _read_json(file))}
    gone = [f for f in home().builds.iterdir() if f.name not in newest and f.name not in in_use and not _is_running(f)]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return sorted(folder.name for folder in gone)


def _running() -> list[Path]:
    return [f / PREPARED for f in home().builds.iterdir() if _is_running(f) and (f / PREPARED).exists()]


def _is_running(folder: Path) -> bool:
    """Whether a run may still be at work there: unfinished, and something was written not long ago."""
    if (folder / FINISHED).exists():
        return False
    written = max((f.stat().st_mtime for f in [folder, *folder.glob("*")]), default=0)
    return time.time() - written < ABANDONED_AFTER.total_seconds()


def _is_same_input(last: dict[str, Any]) -> bool:
    return bool(last["rules_hash"] == rules_hash()) and is_unchanged(last["deliveries"])


def _may_still_be_released(last: dict[str, Any]) -> bool:
    return is_settled(last["run_id"]) or last["parent_release_id"] == _current_release_id()


def _input_hash(rules: str, versions: dict[str, int]) -> str:
    return hashlib.sha256(json.dumps([rules, sorted(versions.items())]).encode()).hexdigest()


def _changes_since(parent: str | None, versions: dict[str, int], path: Path) -> Loaded:
    """Deliveries that differ from the build before, seen from what is in the candidate."""
    before: dict[str, int] = (
        (_read_json(home().builds / parent / FINISHED) or {}).get("deliveries", {}) if parent else {}
    )
    with duckdb.connect(str(path), read_only=True) as con:
        withdrawn = {
            row[0]
            for row in con.execute("select delivery_id from raw.deliveries where status = 'withdrawn'").fetchall()
        }
    changed = {key for key, version in versions.items() if before.get(key) != version}
    new = {key for key in changed - withdrawn if key not in before}
    return Loaded(len(new), len(changed - withdrawn - new), len(changed & withdrawn))


def _free_folder(name: str) -> Path:
    names = [name, *(f"{name}.{number}" for number in range(2, 1000))]
    return next(folder for n in names if not ((folder := home().builds / n) / FINISHED).exists())


def _ran_through(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[ModelResult, ...]:
    """What came of each node since deliveries were loaded, as dbt itself recorded it in the candidate."""
    if not con.execute(
        "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'dbt_results'"
    ).fetchall():
        raise BuildError(f"{path}: no model ran since deliveries were loaded; run dbt before finishing the build")
    rows = con.execute(
        "select name, kind, status, seconds, failures, null from raw.dbt_results order by 2, 1"
    ).fetchall()
    results = tuple(ModelResult(*row) for row in rows)
    if bad := [f"{r.kind} {r.name}: {r.status}" for r in results if r.status not in GOOD]:
        raise BuildError(f"{path}: dbt did not run through, so the build is not finished: {', '.join(bad)}")
    return results


def _mart_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables = con.execute("select table_name from duckdb_tables() where schema_name = 'marts' order by 1").fetchall()
    counts = {name: con.execute(f'select count(*) from marts."{name}"').fetchone() for (name,) in tables}
    return {name: int(found[0]) for name, found in counts.items() if found}


def _unchanged(last: dict[str, Any]) -> BuildResult:
    path = (home().builds / last["run_id"] / WAREHOUSE).resolve()
    return BuildResult(last["run_id"], path, last["parent_build"], 0, 0, 0, True, ())


def _current_release_id() -> str | None:
    current = home().current
    return current.resolve().name if current.exists() else None


def _now() -> str:
    return datetime.now(audit.SHANGHAI).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _read_json(file: Path) -> dict[str, Any] | None:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _write_json(file: Path, content: dict[str, Any]) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)
