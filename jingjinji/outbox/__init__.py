"""What senders are told after landing: second receipts, and all receipts of a feed in one list.

The first receipt (`landing/receipts.py`) judges one delivery by itself. What only the history shows, and what was held out by a
check, is known when a release is made; it is written beside the first, as `second/<NNNN>/receipt.json` and `receipt.csv` in the
folder of the delivery. A receipt that was written never changes; another one follows only when there is something else to say.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from jingjinji import audit, landing
from jingjinji.contracts import load_contracts
from jingjinji.outbox import notes as words
from jingjinji.outbox.notes import Note
from jingjinji.paths import Home, home

# What landing found itself its sender has already read in the first receipt.
FLAGS = """
select * from marts.fct_report_flags where found_by <> 'landing'
order by feed_id, delivery_id, row_number nulls first, rule_id, column_name
"""


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
    flagged = _flagged(place.current.resolve() / WAREHOUSE)
    written: list[tuple[str, Path, int]] = []
    for feed_id, delivery_id in [*flagged, *_told_before(place, flagged)]:
        told = flagged.get((feed_id, delivery_id), [])
        if path := _tell(place, feed_id, delivery_id, told, release.release_id):
            written.append((feed_id, path, len(told)))
    _account(place, release.release_id, written, say)
    return Sent(release.release_id, tuple(path for _, path, _ in written), sum(count for _, _, count in written))


def second_receipts(folder: Path) -> list[Path]:
    """Folders of the second receipts of one delivery, oldest first."""
    return sorted(path for path in (folder / "second").glob("[0-9]*") if (path / "receipt.json").exists())


def _flagged(warehouse: Path) -> dict[tuple[str, str], list[Note]]:
    """What the release says, by feed and delivery; nothing where it was made before there were flags."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        try:
            found = con.execute(FLAGS)
        except duckdb.CatalogException:
            return {}
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    by_delivery = groupby(rows, key=lambda row: (row["feed_id"], row["delivery_id"]))
    titles = {
        dataset: {name: column.zh for name, column in standard.columns.items()}
        for dataset, standard in load_contracts().standards.items()
    }
    return {
        delivery: [words.note(row, titles.get(row["dataset"], {})) for row in group] for delivery, group in by_delivery
    }


def _told_before(place: Home, flagged: Mapping[tuple[str, str], object]) -> Iterator[tuple[str, str]]:
    """Deliveries that had a second receipt and of which nothing is to be said any more."""
    for folder in sorted(place.deliveries.glob("*/*/*/second")):
        delivery = folder.parent
        key = (f"{delivery.parent.parent.name}/{delivery.parent.name}", delivery.name)
        if key not in flagged:
            yield key


def _tell(place: Home, feed_id: str, delivery_id: str, told: list[Note], release_id: str) -> Path | None:
    """Write the next second receipt of a delivery, unless its sender has just been told the same; its folder, or None."""
    folder = place.deliveries / feed_id / delivery_id
    manifest = landing.current_manifest(folder)
    # A withdrawn delivery is not spoken of: its withdrawal was told, and it may come back.
    if manifest is None or manifest["status"] == "withdrawn":
        return None
    print_of_told = words.fingerprint(told)
    while True:
        earlier = second_receipts(folder)
        last = _read(earlier[-1] / "receipt.json")["fingerprint"] if earlier else words.fingerprint([])
        if last == print_of_told:
            return None
        number = int(earlier[-1].name) + 1 if earlier else 1
        content = _content(manifest, told, number, release_id) | {"fingerprint": print_of_told}
        if path := _write(place, folder, number, content, told):
            return path


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
