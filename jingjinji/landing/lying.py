"""Files that lie in an inbox and were landed before, known by their stamp: so that ten years of them are not read every day.

A stamp is what the file system says of a file. Its bytes do not change without it, but for a change within one tick of the clock:
so a file that was touched just now is not noted, and is read once more the next time. `landing/lying/<feed>.json` is derived and may be
deleted at any time. It is believed under the rules it was written under, since the feed says which delivery a file name means.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jingjinji.landing.committing import current_manifest, stands
from jingjinji.paths import Home

Stamp = list[int]
Note = dict[str, Any]
TOLD = ("feed_id", "delivery_id", "version", "status", "rows", "messages", "landed_at")  # what a repeated landing says
SETTLED_NS = 2_000_000_000


def stamps(files: Iterable[Path]) -> dict[str, Stamp]:
    """Inode, size and times (ns) of files by name, without those touched just now. To be asked before the files are read."""
    latest, found = time.time_ns() - SETTLED_NS, {}
    for file in files:
        one = file.stat()
        if one.st_ctime_ns < latest:
            found[file.name] = [one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns]
    return found


def lying(place: Home, feed_id: str, rules: str, found: Mapping[str, Stamp]) -> dict[str, Note]:
    """Notes of the files that are what they were when they were noted, and whose delivery has had no other version since.

    Args:
        rules: rule-set version of the feed.
        found: stamps of the files in the inbox, by name.

    Returns:
        by name the manifest of the delivery, as far as it is told again, and the `stamp`.
    """
    try:
        written = json.loads(_file(place, feed_id).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    notes = written["files"] if written["rules"] == rules else {}
    folder = f"{place.deliveries}/{feed_id}"
    return {
        name: note
        for name, one in found.items()
        if (note := notes.get(name))
        and note["stamp"] == one
        and stands(f"{folder}/{note['delivery_id']}", note["version"])
    }


def noted(place: Home, feed_id: str, landed: Iterable[tuple[str, Stamp, str]]) -> dict[str, Note]:
    """Notes of files that were just landed: name, stamp, delivery id. What the program itself failed on (F99) is tried again."""
    notes = {}
    for name, found, delivery_id in landed:
        manifest = current_manifest(place.deliveries / feed_id / delivery_id)
        if manifest and all(message["code"] != "F99" for message in manifest["messages"]):
            notes[name] = {key: manifest[key] for key in TOLD} | {"stamp": found}
    return notes


def write(place: Home, feed_id: str, rules: str, notes: Mapping[str, Note]) -> None:
    """Replace the notes of a feed; of two landings at once the last one is remembered, and what it does not know is read again."""
    file = _file(place, feed_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{uuid.uuid4().hex}.draft")
    draft.write_text(json.dumps({"rules": rules, "files": notes}, ensure_ascii=False), encoding="utf-8")
    draft.replace(file)


def _file(place: Home, feed_id: str) -> Path:
    return place.lying / f"{feed_id}.json"
