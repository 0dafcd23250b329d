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
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jingjinji import audit
from jingjinji.contracts import Feed, Standard, load_contracts, rule_set_version
from jingjinji.landing import lying, receipts
from jingjinji.landing.committing import archive, flush, latest_version
from jingjinji.landing.committing import commit as commit
from jingjinji.landing.committing import current_deliveries as current_deliveries
from jingjinji.landing.committing import current_manifest as current_manifest
from jingjinji.landing.committing import write_json as write_json
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.judging import COUNTS as COUNTS
from jingjinji.landing.judging import Delivery, Judgement, judge, message, row_account
from jingjinji.landing.origins import HomeError as HomeError
from jingjinji.landing.origins import check_origin as check_origin
from jingjinji.landing.origins import origin_in
from jingjinji.paths import Home, home
from jingjinji.personal import masked

TOGETHER, TOGETHER_BYTES = 64, 16 << 20  # small files that are judged together
TOLD_EVERY = 500  # files of a long landing


@dataclass(frozen=True)
class Outcome:
    """What became of one received file. `rows` holds the counts of COUNTS and WARNED.

    `is_new`: the landing zone changed, or a file of the other origin was refused, of which nothing is kept: it is told each time.
    """

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
            (`<date>.simulated.<ext>`); what says simulated, by its name or by a note inside, cannot be landed as real.
        dry_run: judge and say, but keep nothing.
        stays: the file lies in an inbox after it was landed; finding it there again is no new arrival.

    Returns:
        Outcome; `rows` adds up: received = accepted + quarantined + duplicate + ignored + refused. A file of the other origin
        than the home is refused (F16) without a receipt, and nothing of it is kept.

    Raises:
        ContractError: there is no such feed.
        HomeError: `data_origin` is neither real nor simulated.
        FileNotFoundError: no such file.
    """
    (outcome,) = _land_some(feed_id, [path], period=period, data_origin=data_origin, dry_run=dry_run, stays=stays)
    return outcome


def _land_some(
    feed_id: str, paths: Sequence[Path], *, period: str | None = None, data_origin: str | None = None, dry_run: bool = False,
    stays: bool = False,
) -> Iterator[Outcome]:  # fmt: skip
    """Land some files, those that are new judged and written to disk together."""
    contracts, place = load_contracts(), home()
    feed = contracts.feed(feed_id)
    standard = contracts.standard_of(feed)
    rules, taken = rule_set_version(standard, feed), list[Delivery | Outcome]()
    with scratch_folder(place) as scratch:
        for number, path in enumerate(paths):
            try:
                origin = origin_in(place, path, data_origin, keep=not dry_run)
                arrived = _arrived(feed, path, scratch / str(number), period, origin, rules)
                if any(one.folder == arrived.folder for one in taken if isinstance(one, Delivery)):
                    yield from _finished(place, standard, feed, taken, dry_run)  # so that the second finds the first
                    taken = []
                taken.append(_already_there(arrived, path, rules, keep=not dry_run, stays=stays) or arrived)
            except UnreadableError as error:
                taken.append(_of_the_other_origin(feed, path, error, is_new=not dry_run))
            except Exception:  # what came before it is landed all the same
                yield from _finished(place, standard, feed, taken, dry_run)
                raise
        yield from _finished(place, standard, feed, taken, dry_run)


def _of_the_other_origin(feed: Feed, path: Path, error: UnreadableError, *, is_new: bool) -> Outcome:
    """A refusal of which nothing is kept, since real and simulated data never meet in a landing zone, nor do their receipts."""
    told = message(error.code, error.message, error.fix)
    return Outcome(feed.feed_id, masked(path.name), "refused", is_new, "", row_account(), None, (told,))


def _arrived(feed: Feed, path: Path, scratch: Path, period: str | None, origin: str, rules: str) -> Delivery:
    """The bytes in a scratch folder of their own, and what is known of them."""
    scratch.mkdir()
    digest, period = _copy_hashed(path, scratch / "bytes"), period or _period(feed, path.name)
    delivery_id = hashlib.sha256(f"{feed.feed_id}\n{period or ''}\n{digest}".encode()).hexdigest()[:16]
    identity = {
        "delivery_id": delivery_id, "feed_id": feed.feed_id, "dataset": feed.dataset, "region": feed.region,
        "file_name": masked(path.name), "file_sha256": digest, "file_bytes": path.stat().st_size, "period": period,
        "data_origin": origin, "rule_set_version": rules,
    }  # fmt: skip
    folder = home().deliveries / feed.feed_id / delivery_id
    return Delivery(scratch, identity, folder, latest_version(folder) + 1)


def _already_there(arrived: Delivery, path: Path, rules: str, *, keep: bool, stays: bool) -> Outcome | None:
    """What is said of a delivery that came before; None where it is new or worth another try."""
    earlier = current_manifest(arrived.folder)
    if not earlier or _is_worth_another_try(earlier, rules):
        return None
    came = not (stays and _lay_there(path, earlier))
    return _repeated(arrived.folder, earlier, masked(path.name), keep=came and keep)


def _finished(
    place: Home, standard: Standard, feed: Feed, taken: Sequence[Delivery | Outcome], dry_run: bool
) -> Iterator[Outcome]:
    """Outcomes in the order of `taken`."""
    new = [one for one in taken if isinstance(one, Delivery)]
    outcomes = iter(conform_and_commit(place, standard, feed, new, dry_run))
    return iter([one if isinstance(one, Outcome) else next(outcomes) for one in taken])


def land_inbox(feed_id: str, jobs: int = 1, on_progress: Callable[[int, int], None] = lambda *_: None) -> list[Outcome]:
    """Land everything that lies in the inbox of one feed, oldest name first; a refused file does not stop the others.

    A file that lay there already when it was landed has not come again: it is said to be a duplicate, and nothing is noted.

    Args:
        on_progress: called with the number of files done and of all, every `TOLD_EVERY` files that had to be read.
    """
    contracts, place = load_contracts(), home()
    feed = contracts.feed(feed_id)
    files, rules = inbox_files(feed), rule_set_version(contracts.standard_of(feed), feed)
    stamps = lying.stamps(files)
    known = lying.lying(place, feed_id, rules, stamps)
    read, landed = [path for path in files if path.name not in known], dict[str, Outcome]()
    for outcome, path in zip(land_files(feed_id, read, jobs, stays=True), read, strict=True):
        landed[path.name] = outcome
        if len(landed) % TOLD_EVERY == 0:
            on_progress(len(landed), len(read))
    fresh = [(n, stamps[n], one.delivery_id) for n, one in landed.items() if n in stamps and one.delivery_id]
    if fresh:
        lying.write(place, feed_id, rules, known | lying.noted(place, feed_id, fresh))
    return [landed.get(path.name) or _lies_there(place, known[path.name], path.name) for path in files]


def _lies_there(place: Home, note: dict[str, Any], file_name: str) -> Outcome:
    return _repeated(place.deliveries / note["feed_id"] / note["delivery_id"], note, masked(file_name), keep=False)


def land_files(feed_id: str, paths: Sequence[Path], jobs: int = 1, **how: Any) -> Iterator[Outcome]:
    """Land many files of one feed; yields the outcomes in their order, each as soon as it is there.

    Args:
        feed_id: `<dataset>/<region>`.
        paths: the files.
        jobs: processes that land at once, at most; a few files are landed by this one. Landings share nothing, so this is safe.
        how: as for `land`.
    """
    some, chunks = partial(_landed, feed_id, **how), list(_chunks(paths))
    if jobs <= 1 or len(chunks) < 2:
        for chunk in chunks:
            yield from _land_some(feed_id, chunk, **how)
        return
    # Started afresh, not forked: a copy of DuckDB's threads would be dead in a child.
    with ProcessPoolExecutor(min(jobs, len(chunks)), mp_context=multiprocessing.get_context("spawn")) as pool:
        for outcomes in pool.map(some, chunks):
            yield from outcomes


def _landed(feed_id: str, paths: Sequence[Path], **how: Any) -> list[Outcome]:
    return list(_land_some(feed_id, paths, **how))


def _chunks(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Files that are landed together: not more, in number and bytes, than a process can well hold."""
    chunk, size = list[Path](), 0
    for path in paths:
        own = path.stat().st_size if path.exists() else 0
        if chunk and (len(chunk) >= TOGETHER or size + own > TOGETHER_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(path)
        size += own
    if chunk:
        yield chunk


def inbox_files(feed: Feed) -> list[Path]:
    """Files of the feed's inbox, without notes about their source and without half-uploaded ones."""
    folder = home().inbox / feed.feed_id
    names = sorted(p.name for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []
    skipped = (".*", "*.source.yml", "*.part", "*.tmp", "~$*")
    return [
        folder / n for n in names if fnmatch.fnmatch(n, feed.files) and not any(fnmatch.fnmatch(n, s) for s in skipped)
    ]


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
    place: Home, standard: Standard, feed: Feed, deliveries: Sequence[Delivery], dry_run: bool = False
) -> list[Outcome]:
    """Judge deliveries and commit each as its version, unless somebody else was first; outcomes in their order."""
    landed_at = now()
    for delivery in deliveries:
        delivery.staged.mkdir()
    judgements = judge(standard, feed, deliveries, landed_at)
    for delivery, judgement in zip(deliveries, judgements, strict=True):
        _write_papers(feed, delivery, judgement, landed_at)
    if dry_run:
        return [_outcome(one, found, None) for one, found in zip(deliveries, judgements, strict=True)]
    flush([path for one in deliveries for path in (one.scratch / "bytes", *one.staged.iterdir())])
    kept = [_keep(place, one, found) for one, found in zip(deliveries, judgements, strict=True)]
    flush({one.folder for one in deliveries})
    return [
        _recorded(place, one, found, is_kept) for one, found, is_kept in zip(deliveries, judgements, kept, strict=True)
    ]


def _write_papers(feed: Feed, delivery: Delivery, judgement: Judgement, landed_at: dt.datetime) -> None:
    """Manifest and receipt beside the rows."""
    manifest = delivery.identity | {
        "version": delivery.version, "landed_at": landed_at.isoformat(), "status": judgement.status, "rows": judgement.rows,
        "messages": judgement.messages, **judgement.facts,
    }  # fmt: skip
    summary = {key: manifest[key] for key in (
        "feed_id", "delivery_id", "version", "file_name", "file_sha256", "period", "landed_at", "status", "rows",
        "rule_set_version", "data_origin", "messages",
    )} | {"title": feed.title.zh, "sender": feed.sender}  # fmt: skip
    receipts.write(delivery.staged, summary, judgement.faults, judgement.warnings, judgement.duplicates)
    write_json(delivery.staged / "delivery.json", manifest)


def _keep(place: Home, delivery: Delivery, judgement: Judgement) -> bool:
    """Make one judged delivery visible; False when somebody else was first."""
    if judgement.keep_bytes:
        archive(place, delivery.scratch / "bytes", delivery.identity["file_sha256"])
    return commit(delivery.staged, delivery.folder, delivery.version, is_flushed=True)


def _recorded(place: Home, delivery: Delivery, judgement: Judgement, is_kept: bool) -> Outcome:
    """Write into the audit log what was kept, and say what became of it."""
    identity, version = delivery.identity, delivery.version
    if not is_kept:
        earlier = current_manifest(delivery.folder)
        assert earlier
        return _repeated(delivery.folder, earlier, identity["file_name"], keep=True)
    facts = {"delivery_id": identity["delivery_id"], "feed_id": identity["feed_id"], "version": version}
    audit.record(f"landing.{judgement.status}", at=place, **facts, rows=judgement.rows)
    return _outcome(delivery, judgement, delivery.folder / f"v{version:04d}" / "receipt.json")


def _outcome(delivery: Delivery, judgement: Judgement, receipt: Path | None) -> Outcome:
    identity = delivery.identity
    return Outcome(
        identity["feed_id"], identity["file_name"], judgement.status, receipt is not None, identity["delivery_id"],
        judgement.rows, receipt, tuple(judgement.messages), delivery.version,
    )  # fmt: skip
