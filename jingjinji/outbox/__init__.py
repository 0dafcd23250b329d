"""What senders are told after landing: second receipts, and all receipts of a feed in one list.

The first receipt (`landing/receipts.py`) judges one delivery by itself. What only the history shows, and what was held out by a
check, is known when a release is made; it is written beside the first, as `second/<NNNN>/receipt.json` and `receipt.csv` in the
folder of the delivery. A receipt that was written never changes; another one follows only when there is something else to say.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from jingjinji import audit, landing
from jingjinji.contracts import load_contracts
from jingjinji.outbox import notes as words
from jingjinji.outbox.notes import Note
from jingjinji.paths import Home, home

# What landing found itself its sender has already read in the first receipt; what was cleared holds no more, and whoever was told of it
# before is told so by its absence.
TO_BE_TOLD = "from marts.fct_report_flags where found_by <> 'landing' and cleared_at is null"
LINE_ORDER = "row_number nulls first, rule_id, column_name"
WHAT_IS_TOLD = (
    "row_number", "rule_id", "column_name", "severity", "value_text", "compared_text", "unit", "suggested_factor",
    "held_because_zh", "title_zh", "fix_zh",
)  # fmt: skip
WRITTEN_AT_ONCE = 16
SAID_EVERY = 500  # receipts
NOTHING = ""  # fingerprint of a delivery of which there is nothing to say


Key = tuple[str, str]  # feed and delivery


@dataclass(frozen=True)
class Sent:
    """Second receipts written by one call. `release_id` is None where there was no release to speak of."""

    release_id: str | None
    receipts: tuple[Path, ...] = ()
    notes: int = 0


def send_second_receipts(say: Callable[[str], None] = lambda _: None) -> Sent:
    """Tell every sender what the current release says of his deliveries and he has not read yet.

    Repeating it writes nothing, nor does a second call at the same moment. After a rollback nothing is written: senders have been
    told of the newer release.

    Side effects: `second/<NNNN>/` in folders of deliveries; one audit record `receipts.second` when anything was written.

    Args:
        say: called with a line for people for each feed that was written to.
    """
    from jingjinji.release import current_release, rolled_back_from
    from jingjinji.release.store import WAREHOUSE

    place = home()
    release = current_release(place)
    if release is None or rolled_back_from(place):
        return Sent(None)
    written: list[tuple[str, Path, int]] = []
    with duckdb.connect(str(place.current.resolve() / WAREHOUSE), read_only=True) as con:
        prints = _fingerprints(con)
        due = [
            key
            for key in [*prints, *_told_before(place, prints)]
            if _last_told(_folder(place, key)) != prints.get(key, NOTHING)
        ]
        told = _notes(con, [delivery_id for feed_id, delivery_id in due if (feed_id, delivery_id) in prints])

    def tell(key: Key) -> Path | None:
        return _tell(place, _folder(place, key), told.get(key[1], []), prints.get(key, NOTHING), release.release_id)

    with ThreadPoolExecutor(WRITTEN_AT_ONCE) as pool:  # nearly all of it is waiting for the disk
        for number, (key, path) in enumerate(zip(due, pool.map(tell, due), strict=True), start=1):
            if path:
                written.append((key[0], path, len(told.get(key[1], []))))
            if number % SAID_EVERY == 0:
                say(f"second receipts: {number} of {len(due)}")
    _account(place, release.release_id, written, say)
    return Sent(release.release_id, tuple(path for _, path, _ in written), sum(count for _, _, count in written))


def second_receipts(folder: Path) -> list[Path]:
    """Folders of the second receipts of one delivery, oldest first."""
    return sorted(path for path in (folder / "second").glob("[0-9]*") if (path / "receipt.json").exists())


def _fingerprints(con: duckdb.DuckDBPyConnection) -> dict[Key, str]:
    """A hash of what is to be told, by feed and delivery; none where the release was made before flags were what they are."""
    told = ", chr(31), ".join(f"coalesce({name}::varchar, chr(29))" for name in WHAT_IS_TOLD)
    query = (
        f"select feed_id, delivery_id, sha256(string_agg(concat({told}), chr(30) order by {LINE_ORDER}))"
        f" {TO_BE_TOLD} group by feed_id, delivery_id order by feed_id, delivery_id"
    )
    try:
        return {(feed, delivery): fingerprint for feed, delivery, fingerprint in con.execute(query).fetchall()}
    except (duckdb.CatalogException, duckdb.BinderException):
        return {}


def _folder(place: Home, key: Key) -> Path:
    return place.deliveries / key[0] / key[1]


def _notes(con: duckdb.DuckDBPyConnection, delivery_ids: list[str]) -> dict[str, list[Note]]:
    """What is to be told of some deliveries, line by line."""
    if not delivery_ids:
        return {}
    found = con.execute(
        f"select * {TO_BE_TOLD} and list_contains($1, delivery_id) order by {LINE_ORDER}", [delivery_ids]
    )
    names = [column[0] for column in found.description or ()]
    standards, notes = load_contracts().standards, defaultdict[str, list[Note]](list)
    for row in found.fetchall():
        flag = dict(zip(names, row, strict=True))
        columns = standards[flag["dataset"]].columns if flag["dataset"] in standards else {}
        notes[flag["delivery_id"]].append(words.note(flag, {name: column.zh for name, column in columns.items()}))
    return dict(notes)


def _last_told(folder: Path) -> str:
    """Fingerprint of the last second receipt of a delivery."""
    return _told_in(second_receipts(folder))


def _told_in(earlier: list[Path]) -> str:
    return str(_read(earlier[-1] / "receipt.json")["fingerprint"]) if earlier else NOTHING


def _told_before(place: Home, flagged: Mapping[Key, object]) -> Iterator[Key]:
    """Deliveries that had a second receipt and of which nothing is to be said any more."""
    for folder in sorted(place.deliveries.glob("*/*/*/second")):
        delivery = folder.parent
        key = (f"{delivery.parent.parent.name}/{delivery.parent.name}", delivery.name)
        if key not in flagged:
            yield key


def _tell(place: Home, folder: Path, told: list[Note], fingerprint: str, release_id: str) -> Path | None:
    """Write the next second receipt of a delivery; None when somebody else has just written the same."""
    manifest = landing.current_manifest(folder)
    # A withdrawn delivery is not spoken of: its withdrawal was told, and it may come back.
    if manifest is None or manifest["status"] == "withdrawn":
        return None
    # what was told last and what number comes next are of one look: somebody else may write between two
    while _told_in(earlier := second_receipts(folder)) != fingerprint:
        number = int(earlier[-1].name) + 1 if earlier else 1
        content = _content(manifest, told, number, release_id) | {"fingerprint": fingerprint}
        if path := _write(place, folder, number, content, told):
            return path
    return None


def _content(manifest: dict[str, Any], told: list[Note], number: int, release_id: str) -> dict[str, Any]:
    feed = load_contracts().feeds.get(manifest["feed_id"])
    kept = ("feed_id", "delivery_id", "version", "file_name", "file_sha256", "period", "landed_at", "data_origin")
    return {
        "receipt": "second", "number": number, "release_id": release_id, "written_at": landing.now().isoformat(),
        **{key: manifest[key] for key in kept},
        "title": feed.title.zh if feed else None, "sender": feed.sender if feed else None,
        "status_zh": words.status_zh(told), "counts": words.counts(told), "notes": words.as_content(told),
    }  # fmt: skip


def _write(place: Home, folder: Path, number: int, content: dict[str, Any], told: list[Note]) -> Path | None:
    """Both files in one step; None when somebody else wrote this number first."""
    with landing.scratch_folder(place) as scratch:
        staged = scratch / "second"
        staged.mkdir()
        landing.write_json(staged / "receipt.json", content)
        with (staged / "receipt.csv").open("w", encoding="utf-8-sig", newline="") as lines:
            csv.writer(lines).writerows(words.table(content["file_name"], told, content["release_id"]))
        for path in staged.iterdir():
            with path.open("rb") as finished:
                os.fsync(finished.fileno())
            path.chmod(0o444)
        target = folder / "second" / f"{number:04d}"
        target.parent.mkdir(exist_ok=True)
        try:
            staged.rename(target)
        except OSError:
            if (target / "receipt.json").exists():
                return None
            raise
    return target


def _account(place: Home, release_id: str, written: list[tuple[str, Path, int]], say: Callable[[str], None]) -> None:
    if not written:
        return
    receipts, notes = Counter(feed for feed, _, _ in written), Counter[str]()
    for feed_id, _, count in written:
        notes[feed_id] += count
    for feed_id in sorted(receipts):
        say(f"second {feed_id}: {receipts[feed_id]} receipts, {notes[feed_id]} notes")
    facts = {"release_id": release_id, "receipts": dict(sorted(receipts.items())), "notes": dict(sorted(notes.items()))}
    audit.record("receipts.second", at=place, **facts)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
