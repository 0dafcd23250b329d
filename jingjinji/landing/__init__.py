"""The landing zone: archive the bytes, conform the delivery, commit it by one rename.

There is no shared state file: a delivery is a folder, a conforming of it is a sub-folder `v<NNNN>` that appears finished or not at
all, and the highest one is current. So any number of landings can run at once, and a repeated landing is harmless.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jingjinji import audit
from jingjinji.contracts import Feed, Standard, load_contracts, rule_set_version
from jingjinji.errors import UserError
from jingjinji.landing import receipts
from jingjinji.landing.judging import COUNTS as COUNTS
from jingjinji.landing.judging import judge, message, row_account
from jingjinji.paths import Home, home, is_simulated
from jingjinji.personal import masked


class HomeError(UserError):
    """The home holds data of the other origin; use another JJJ_HOME."""


@dataclass(frozen=True)
class Outcome:
    """What became of one received file. `rows` holds the counts of COUNTS and WARNED; `is_new`: the landing zone changed."""

    feed_id: str
    file_name: str
    status: str
    is_new: bool
    delivery_id: str
    rows: dict[str, int]
    receipt: Path | None
    messages: tuple[dict[str, str], ...] = ()
    version: int = 0


def now() -> dt.datetime:
    """Wall-clock time of Asia/Shanghai without a zone, to the second."""
    return dt.datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)


@contextmanager
def scratch_folder(place: Home) -> Iterator[Path]:
    """A folder on the landing zone's own file system, so that what is finished in it can be renamed into place."""
    scratch = place.root / "landing" / "tmp" / uuid.uuid4().hex
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


# ---------------------------------------------------------------- landing


def land(
    feed_id: str,
    path: Path,
    *,
    period: str | None = None,
    data_origin: str | None = None,
    dry_run: bool = False,
    stays: bool = False,
) -> Outcome:
    """Take one received file into the landing zone.

    Args:
        feed_id: `<dataset>/<region>`.
        path: the file; it is copied, never changed or removed.
        period: what the delivery is for; default from the file name where the feed says how. The same bytes for another
            period are another delivery.
        data_origin: `real` or `simulated`; a home holds one of them only. By default the name of the file says it
            (`<date>.simulated.<ext>`); a name that says simulated cannot be landed as real.
        dry_run: judge and say, but keep nothing.
        stays: the file lies in an inbox after it was landed; finding it there again is no new arrival.

    Returns:
        Outcome; `rows` adds up: received = accepted + quarantined + duplicate + ignored + refused.

    Raises:
        ContractError: there is no such feed.
        HomeError: the home holds data of the other origin.
        FileNotFoundError: no such file.
    """
    contracts, place = load_contracts(), home()
    feed = contracts.feed(feed_id)
    standard = contracts.standard_of(feed)
    data_origin = origin_of(path.name, data_origin)
    check_origin(place, data_origin, keep=not dry_run)
    period, rules = period or _period(feed, path.name), rule_set_version(standard, feed)
    with scratch_folder(place) as scratch:
        digest = _copy_hashed(path, scratch / "bytes")
        delivery_id = hashlib.sha256(f"{feed_id}\n{period or ''}\n{digest}".encode()).hexdigest()[:16]
        folder = place.deliveries / feed_id / delivery_id
        earlier = current_manifest(folder)
        if earlier and not _is_worth_another_try(earlier, rules):
            came = not (stays and _lay_there(path, earlier))
            return _repeated(folder, earlier, masked(path.name), keep=came and not dry_run)
        identity = {
            "delivery_id": delivery_id, "feed_id": feed_id, "dataset": feed.dataset, "region": feed.region,
            "file_name": masked(path.name), "file_sha256": digest, "file_bytes": path.stat().st_size, "period": period,
            "data_origin": data_origin, "rule_set_version": rules,
        }  # fmt: skip
        version = earlier["version"] + 1 if earlier else 1
        return conform_and_commit(place, standard, feed, scratch, identity, folder, version, dry_run)


def land_inbox(feed_id: str, jobs: int = 1) -> list[Outcome]:
    """Land everything that lies in the inbox of one feed, oldest name first; a refused file does not stop the others.

    A file that lay there already when it was landed has not come again: it is said to be a duplicate, and nothing is noted.
    """
    return list(land_files(feed_id, inbox_files(load_contracts().feed(feed_id)), jobs, stays=True))


def land_files(feed_id: str, paths: Sequence[Path], jobs: int = 1, **how: Any) -> Iterator[Outcome]:
    """Land many files of one feed; yields the outcomes in their order, each as soon as it is there.

    Args:
        feed_id: `<dataset>/<region>`.
        paths: the files.
        jobs: processes that land at once. Landings share nothing, so this is safe; it pays from some hundred files on.
        how: as for `land`.
    """
    one = partial(land, feed_id, **how)
    if jobs <= 1 or len(paths) < 2:
        yield from map(one, paths)
        return
    # Started afresh, not forked: a copy of DuckDB's threads would be dead in a child.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(one, paths, chunksize=max(1, min(32, len(paths) // jobs)))


def inbox_files(feed: Feed) -> list[Path]:
    """Files of the feed's inbox, without notes about their source and without half-uploaded ones."""
    folder = home().inbox / feed.feed_id
    names = sorted(p.name for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []
    skipped = (".*", "*.source.yml", "*.part", "*.tmp", "~$*")
    return [
        folder / n for n in names if fnmatch.fnmatch(n, feed.files) and not any(fnmatch.fnmatch(n, s) for s in skipped)
    ]


def origin_of(file_name: str, declared: str | None = None) -> str:
    """`real` or `simulated`: what is declared, else what the name of the file says.

    Raises:
        HomeError: the name says simulated and real is declared.
    """
    if is_simulated(file_name) and declared == "real":
        raise HomeError(f"{file_name} says it is simulated and cannot be landed as real; use a home of simulated data")
    return declared or ("simulated" if is_simulated(file_name) else "real")


def check_origin(place: Home, data_origin: str, *, keep: bool = True) -> None:
    """Simulated and real data never meet: the first landing decides what a home is.

    Raises:
        HomeError: the home is of the other origin.
    """
    if data_origin not in ("real", "simulated"):
        raise HomeError(f"data origin is 'real' or 'simulated', not {data_origin!r}")
    if place.marker.exists():
        held = json.loads(place.marker.read_text(encoding="utf-8"))["data_origin"]
        if held != data_origin:
            raise HomeError(f"{place.root} holds {held} data and refuses {data_origin}; set JJJ_HOME to another folder")
    elif keep:
        place.root.mkdir(parents=True, exist_ok=True)
        marker = place.marker.with_name(f"home.{uuid.uuid4().hex}.tmp")
        marker.write_text(json.dumps({"data_origin": data_origin}) + "\n", encoding="utf-8")
        try:
            os.link(marker, place.marker)
        except FileExistsError:
            check_origin(place, data_origin)
        finally:
            marker.unlink()


def _copy_hashed(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as read_from, target.open("wb") as write_to:
        while block := read_from.read(1 << 20):
            digest.update(block)
            write_to.write(block)
    return digest.hexdigest()


def _lay_there(path: Path, earlier: dict[str, Any]) -> bool:
    """Whether the file has not been touched since its delivery was landed."""
    landed_at = dt.datetime.fromisoformat(earlier["landed_at"]).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return path.stat().st_ctime < landed_at.timestamp()


def _period(feed: Feed, name: str) -> str | None:
    found = re.search(feed.period.file_name, name) if feed.period else None
    return found.group(1) if found else None


def _is_worth_another_try(earlier: dict[str, Any], rules: str) -> bool:
    """A refusal stands while the rules do, unless it was the program that failed (F99), perhaps for want of space."""
    failed_here = any(message["code"] == "F99" for message in earlier["messages"])
    return earlier["status"] == "refused" and (earlier["rule_set_version"] != rules or failed_here)


def _repeated(folder: Path, earlier: dict[str, Any], file_name: str, *, keep: bool) -> Outcome:
    """The same delivery came again: note that it came, change nothing."""
    if keep:
        came = folder / "received" / f"{now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}.json"
        came.parent.mkdir(exist_ok=True)
        came.write_text(
            json.dumps({"received_at": now().isoformat(), "file_name": file_name}, ensure_ascii=False) + "\n"
        )
    received = earlier["rows"]["received"]
    refused = earlier["status"] == "refused"
    rows = row_account(received=received, **{"refused" if refused else "duplicate": received})
    messages = tuple(earlier["messages"]) if refused else (
        message("I01", f"与{earlier['landed_at']}已收到的报送完全相同，未作任何改动", "无需处理"),
    )  # fmt: skip
    if earlier["status"] == "withdrawn":
        messages = (message("I02", f"该报送已于{earlier['landed_at']}撤回", "如需恢复，请用 jjj reland --restore"),)
    receipt = folder / f"v{earlier['version']:04d}" / "receipt.json"
    status = "refused" if refused else "duplicate"
    return Outcome(
        earlier["feed_id"],
        file_name,
        status,
        False,
        earlier["delivery_id"],
        rows,
        receipt,
        messages,
        earlier["version"],
    )


def conform_and_commit(
    place: Home,
    standard: Standard,
    feed: Feed,
    scratch: Path,
    identity: dict[str, Any],
    folder: Path,
    version: int,
    dry_run: bool = False,
) -> Outcome:
    """Judge the bytes in `scratch` and commit the result as `version` of the delivery, unless somebody else was first."""
    staged = scratch / "staged"
    staged.mkdir()
    landed_at = now()
    judgement = judge(standard, feed, scratch, staged, identity, landed_at)
    manifest = identity | {
        "version": version, "landed_at": landed_at.isoformat(), "status": judgement.status, "rows": judgement.rows,
        "messages": judgement.messages, **judgement.facts,
    }  # fmt: skip
    summary = {key: manifest[key] for key in (
        "feed_id", "delivery_id", "version", "file_name", "file_sha256", "period", "landed_at", "status", "rows",
        "rule_set_version", "data_origin", "messages",
    )} | {"title": feed.title.zh, "sender": feed.sender}  # fmt: skip
    receipts.write(staged, summary, judgement.faults, judgement.warnings)
    write_json(staged / "delivery.json", manifest)
    receipt: Path | None = None
    if not dry_run:
        if judgement.keep_bytes:
            _archive(place, scratch / "bytes", identity["file_sha256"])
        if not commit(staged, folder, version):
            earlier = current_manifest(folder)
            assert earlier
            return _repeated(folder, earlier, identity["file_name"], keep=True)
        receipt = folder / f"v{version:04d}" / "receipt.json"
        facts = {"delivery_id": identity["delivery_id"], "feed_id": feed.feed_id, "version": version}
        audit.record(f"landing.{judgement.status}", at=place, **facts, rows=judgement.rows)
    return Outcome(
        feed.feed_id, identity["file_name"], judgement.status, not dry_run, identity["delivery_id"], judgement.rows, receipt,
        tuple(judgement.messages), version,
    )  # fmt: skip


# ---------------------------------------------------------------- committing


def _latest_version(folder: Path) -> int:
    return max((int(p.name[1:]) for p in folder.glob("v[0-9]*") if (p / "delivery.json").exists()), default=0)


def current_manifest(folder: Path) -> dict[str, Any] | None:
    """`delivery.json` of the current version of one delivery, or None when nothing was committed there."""
    version = _latest_version(folder)
    if not version:
        return None
    manifest: dict[str, Any] = json.loads((folder / f"v{version:04d}" / "delivery.json").read_text(encoding="utf-8"))
    return manifest


def current_deliveries(place: Home | None = None) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder of the current version and manifest of every delivery, in the order of their ids."""
    for folder in sorted((place or home()).deliveries.glob("*/*/*")):
        manifest = current_manifest(folder)
        if manifest:
            yield folder / f"v{manifest['version']:04d}", manifest


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a manifest the way all manifests look."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")


def _archive(place: Home, source: Path, digest: str) -> None:
    target = place.archive / digest[:2] / digest
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as written:
            os.fsync(written.fileno())
        source.chmod(0o444)
        source.replace(target)


def commit(staged: Path, folder: Path, version: int) -> bool:
    """Make the finished folder visible by one rename; False when somebody else committed this version first."""
    for path in staged.iterdir():
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.chmod(0o444)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"v{version:04d}"
    try:
        staged.rename(target)
    except OSError:
        if (target / "delivery.json").exists():
            return False
        raise
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    return True
