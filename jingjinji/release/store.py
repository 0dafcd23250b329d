"""The releases on disk: which there are, which is current, going back, pruning. `release.py` makes new ones."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jingjinji import audit
from jingjinji.errors import UserError
from jingjinji.paths import Home, home
from jingjinji.release.marts import MartFacts

WAREHOUSE = "warehouse.duckdb"
KEEP = 5
DRAFT_SECONDS = 86_400
# Written anew by every run: a candidate that differs in these alone says nothing new.
OF_EACH_RUN = frozenset({"fct_quality_results"})


class ReleaseError(UserError):
    """No release was made or changed; the message says what to do. Everybody stays on the current one."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReleasedTable(_Frozen):
    """One mart of a release; `content_hash` does not depend on the order of the rows."""

    rows: int
    content_hash: str
    facts: MartFacts


class DeliveryRef(_Frozen):
    """One delivery that went into a release. `period` and `status` as in `raw.deliveries`."""

    delivery_id: str
    conform_version: str
    feed_id: str
    period: str | None
    file_sha256: str
    status: str


class Release(_Frozen):
    """`release.json`. Times are wall clock Asia/Shanghai. `is_new` is False when nothing had to be released."""

    release_id: str
    parent_release_id: str | None
    run_id: str
    created_at: datetime
    data_origin: str
    known_from_max: datetime | None
    file_sha256: str
    file_bytes: int
    tables: dict[str, ReleasedTable]
    macros: dict[str, str]
    deliveries: tuple[DeliveryRef, ...]
    versions: dict[str, str]
    build: dict[str, Any]
    is_new: bool = Field(default=False, exclude=True)

    @property
    def warehouse(self) -> Path:
        """The file of this release in the current home."""
        return home().releases / self.release_id / WAREHOUSE


class ReleaseState(_Frozen):
    """One line of `jjj release list`."""

    release: Release
    state: Literal["current", "parent", ""]


def current_release(at: Home | None = None) -> Release | None:
    """The release everybody sees; None before the first."""
    place = at or home()
    if not place.current.is_symlink():
        return None
    return read_release(place.current.resolve().name, place)


def read_release(release_id: str, at: Home | None = None) -> Release:
    """`release.json` of one release.

    Raises:
        ReleaseError: There is no such release; the message lists those there are.
    """
    place = at or home()
    path = place.releases / release_id / "release.json"
    if not path.exists():
        known = ", ".join(release_ids(place)) or "none yet"
        raise ReleaseError(f"there is no release {release_id}; there are: {known}")
    return Release.model_validate_json(path.read_text(encoding="utf-8"))


def release_ids(at: Home | None = None) -> list[str]:
    """Ids of the finished releases, oldest first (an id begins with its time)."""
    place = at or home()
    return sorted(path.parent.name for path in place.releases.glob("*/release.json") if path.parent.name[0] != ".")


def list_releases(at: Home | None = None) -> list[ReleaseState]:
    """All releases, newest first, with the one that is current."""
    place = at or home()
    current = current_release(place)
    marks: dict[str | None, Literal["current", "parent", ""]] = {}
    if current:
        marks = {current.parent_release_id: "parent", current.release_id: "current"}
    releases = [read_release(release_id, place) for release_id in reversed(release_ids(place))]
    return [ReleaseState(release=release, state=marks.get(release.release_id, "")) for release in releases]


def list_text(states: list[ReleaseState], form: str = "table") -> str:
    """`jjj release list` as text or JSON."""
    if form == "json":
        facts = ("release_id", "parent_release_id", "run_id", "created_at", "data_origin", "file_sha256", "file_bytes")
        return json.dumps(
            [{"state": s.state} | s.release.model_dump(mode="json", include=set(facts)) for s in states], indent=1
        )
    marks = {"current": "→ 当前", "parent": "  上一版", "": "       "}
    lines = [
        f"{marks[s.state]}  {s.release.release_id}  {s.release.created_at:%Y-%m-%d %H:%M}  "
        f"{len(s.release.deliveries)} 个交付  {sum(t.rows for t in s.release.tables.values())} 行  "
        f"{s.release.file_bytes / 1e6:.1f} MB  {s.release.data_origin}"
        for s in states
    ]
    return "\n".join(lines) or "还没有发布（no release yet）"


def rollback(release_id: str | None = None, *, reason: str = "") -> Release:
    """Swap back to an earlier (or forward to a later) release that is still on disk.

    Args:
        release_id: Where to go; the parent of the current release when absent.
        reason: Why, for the audit log.

    Raises:
        ReleaseError: There is no such release, or its file is no longer what was released.
    """
    place = home()
    with swap_lock(place):
        current = current_release(place)
        target = release_id or (current.parent_release_id if current else None)
        if target is None:
            raise ReleaseError("there is no earlier release to go back to; `jjj release list` shows those there are")
        release = read_release(target, place)
        check_file(release, place)
        point_to(place, release.release_id)
        came_from = current.release_id if current else None
        audit.record("release.rollback", at=place, release_id=target, previous=came_from, reason=reason)
    return release


def rolled_back_from(at: Home | None = None) -> str | None:
    """The release that the current one was chosen instead of by a rollback; None when no rollback made it current."""
    place = at or home()
    current = current_release(place)
    events = ("release.create", "release.rollback")
    moves = [e for e in audit.read(place, events=events) if e["event"] in events]
    if current is None or not moves or moves[-1]["event"] != "release.rollback":
        return None
    facts = moves[-1]["facts"]
    return facts["previous"] if facts["release_id"] == current.release_id else None


def check_file(release: Release, at: Home | None = None) -> None:
    """Compare the file of a release with the hash it was released with.

    Raises:
        ReleaseError: The bytes changed; go to another release with `jjj release rollback ID`.
    """
    path = (at or home()).releases / release.release_id / WAREHOUSE
    if not path.exists() or sha256_of(path) != release.file_sha256:
        raise ReleaseError(f"{path} is not the file that was released; choose another: jjj release rollback ID")


def prune(keep: int = KEEP, at: Home | None = None) -> list[str]:
    """Delete releases beyond `keep`: the current one stays, then its ancestors, then others, newest first.

    Returns:
        The ids deleted.
    """
    place = at or home()
    with swap_lock(place):
        current = current_release(place)
        if current is None:
            return []
        newest_first = list(reversed(release_ids(place)))
        line = [release_id for release_id in _line_of(current, place) if release_id in newest_first]
        wanted = line + [release_id for release_id in newest_first if release_id not in line]
        gone = [release_id for release_id in wanted[max(keep, 1) :] if release_id != current.release_id]
        for release_id in gone:
            folder = place.releases / release_id
            # a rehearsal of a correction works on links to the releases: only its own links may go
            folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
            audit.record("release.prune", at=place, release_id=release_id)
    return gone


@contextmanager
def swap_lock(place: Home) -> Iterator[None]:
    """Only one process at a time changes `current` or deletes releases."""
    place.releases.mkdir(parents=True, exist_ok=True)
    with (place.releases / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sweep_drafts(folder: Path) -> None:
    """Delete what a process that was killed left half-written; a day is longer than any release or export takes."""
    for draft in folder.glob(".draft-*"):
        if time.time() - draft.stat().st_mtime > DRAFT_SECONDS:
            shutil.rmtree(draft, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Force a file, or the entries of a folder, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def point_to(place: Home, release_id: str) -> None:
    """Swap `current`, in one step that survives a crash; the caller holds the lock.

    The link is relative, so that a home can be moved.
    """
    fresh = place.root / f".current-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path("releases") / release_id)
    fresh.replace(place.current)
    sync(place.root)


def _line_of(release: Release, place: Home) -> list[str]:
    """The release and its ancestors that are still on disk, nearest first."""
    line = [release.release_id]
    there = set(release_ids(place))
    while release.parent_release_id in there and release.parent_release_id not in line:
        release = read_release(str(release.parent_release_id), place)
        line.append(release.release_id)
    return line
