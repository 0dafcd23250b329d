"""Who did what: `audit.jsonl`, append-only and hash-chained, so that a changed or missing line in it shows."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jingjinji.errors import UserError
from jingjinji.paths import Home, home
from jingjinji.personal import masked_facts

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST_LINK = "0" * 64


class AuditError(UserError):
    """The chain is broken; the message names the line."""


@dataclass(frozen=True)
class Chain:
    """An intact chain: how many records, and the hash of the last one (64 zeros when empty)."""

    records: int
    head: str


def record(event: str, *, at: Home | None = None, **facts: Any) -> str:
    """Append one record and return its hash.

    Args:
        event: What happened, as `<thing>.<verb>` (`release.create`, `export.skip`, `landing.accept`).
        at: The home whose log is meant; the current one when absent.
        **facts: Ids, counts and reasons; anything JSON can hold. Never personal data: mobile and identity numbers in
            texts, such as a reason somebody typed, are masked.

    Raises:
        AuditError: The last record cannot be read; run `jjj doctor`, and restore the file from a backup.
    """
    path = (at or home()).audit_log
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        torn_bytes = _cut_torn_tail(descriptor)
        link, number = _last_link(descriptor, path)
        body = {
            "number": number + 1,
            "at": datetime.now(SHANGHAI).isoformat(timespec="milliseconds"),
            "actor": os.environ.get("JJJ_ACTOR") or getpass.getuser(),
            "event": event,
            "facts": masked_facts(facts) | ({"torn_bytes_before": torn_bytes} if torn_bytes else {}),
        }
        digest = _digest(link, body)
        os.write(descriptor, (_canonical(body | {"previous": link, "hash": digest}) + "\n").encode())
        os.fsync(descriptor)
        return digest
    finally:
        os.close(descriptor)


def verify_chain(at: Home | None = None) -> Chain:
    """Read the whole log and check every link.

    Raises:
        AuditError: A line was changed, removed, inserted or cut; the message names the first such line.
    """
    path = (at or home()).audit_log
    link, number = FIRST_LINK, 0
    if not path.exists():
        return Chain(0, FIRST_LINK)
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            link = _check_line(path, number, line, link)
    return Chain(number, link)


def read(at: Home | None = None, *, events: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Records, oldest first, unchecked.

    Args:
        at: The home whose log is meant; the current one when absent.
        events: Only these; every delivery leaves a record, so that ten years of them are better not all taken apart.
    """
    path = (at or home()).audit_log
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if not events or _may_be(line, events)]


def _may_be(line: str, events: tuple[str, ...]) -> bool:
    """The event stands in its record in full; that it may also stand in somebody's reason is for the caller to see."""
    return any(f'"event":"{event}"' in line for event in events)


def _check_line(path: Path, number: int, line: str, link: str) -> str:
    try:
        entry = json.loads(line)
        claimed, previous = entry.pop("hash"), entry.pop("previous")
    except (ValueError, KeyError, AttributeError) as error:
        raise AuditError(f"{path}: line {number} is not an audit record; restore the file from a backup") from error
    if previous != link or claimed != _digest(link, entry) or entry.get("number") != number:
        raise AuditError(
            f"{path}: line {number} does not follow from the line before: it, or one before it, was changed"
        )
    return str(claimed)


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _digest(link: str, body: dict[str, Any]) -> str:
    return hashlib.sha256(link.encode() + _canonical(body).encode()).hexdigest()


def _cut_torn_tail(descriptor: int) -> int:
    """A writer that died in the middle of a line leaves half a record: cut it, and let the next record say so."""
    size = os.fstat(descriptor).st_size
    keep = _after_last_newline(descriptor, size)
    if keep < size:
        os.ftruncate(descriptor, keep)
    return size - keep


def _last_link(descriptor: int, path: Path) -> tuple[str, int]:
    size = os.fstat(descriptor).st_size
    if size == 0:
        return FIRST_LINK, 0
    start = _after_last_newline(descriptor, size - 1)
    try:
        entry = json.loads(os.pread(descriptor, size - start, start))
        return str(entry["hash"]), int(entry["number"])
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(f"{path}: the last line is not an audit record; restore the file from a backup") from error


def _after_last_newline(descriptor: int, end: int) -> int:
    """Position after the last newline before `end`; 0 when there is none."""
    block = 65536
    while end > 0:
        start = max(0, end - block)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
