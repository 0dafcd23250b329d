"""The whole chain in one process, without Airflow: land → build → check → release → second receipts → export."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jingjinji.contracts import UnfinishedFeedError
from jingjinji.errors import UserError
from jingjinji.landing import Outcome, land_inbox
from jingjinji.landing.judging import WARNED
from jingjinji.operate import orchestration
from jingjinji.outbox import send_second_receipts

LISTED = 10  # refused deliveries of a feed that are spelled out: ten years landed at once have dozens of each


class ChainError(UserError):
    """The chain stopped before a release; everybody stays on the last one."""


@dataclass(frozen=True)
class ChainResult:
    """What one run of the chain did. `release_id` is None when there was nothing new to release."""

    landed: tuple[Outcome, ...]
    release_id: str | None
    exported: tuple[str, ...]

    @property
    def refused(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.landed if o.status == "refused" and o.is_new)


def run(say: Callable[[str], None]) -> ChainResult:
    """Land all inboxes and carry what is new through to the partners; a refused delivery does not stop the rest.

    Args:
        say: called with a line for people at each step.
    Raises:
        ChainError: the published check failed; the message names the expectations.
        BuildError, ReleaseError: see `build.build` and `release.create_release`.
    """
    landed = tuple(outcome for feed_id in orchestration.feed_ids() for outcome in _land(feed_id, say))
    release_id = release_landed(say)
    say("second receipts about what the history shows")
    send_second_receipts(say)
    exported = _export(say) if release_id else ()
    return ChainResult(landed, release_id, exported)


def _land(feed_id: str, say: Callable[[str], None]) -> list[Outcome]:
    def so_far(done: int, of: int) -> None:
        say(f"land   {feed_id}: {done} / {of}")

    try:
        outcomes = land_inbox(feed_id, jobs=os.cpu_count() or 1, on_progress=so_far)
    except UnfinishedFeedError as error:  # somebody is still writing it: the others go on
        say(f"land   {feed_id}: nothing, {error}")
        return []
    new = [o for o in outcomes if o.is_new]
    refused = [o for o in new if o.status == "refused"]
    warned = sum(o.rows[WARNED] for o in new)
    told = (f", {len(refused)} refused" if refused else "") + (f", {warned} rows with a warning" if warned else "")
    say(f"land   {feed_id}: {len(outcomes)} files, {len(new)} new{told}")
    for outcome in refused[:LISTED]:
        say("       " + orchestration.refusal(outcome))
    if len(refused) > LISTED:
        say(f"       and {len(refused) - LISTED} more, see `jjj receipts {feed_id}`")
    return outcomes


def release_landed(say: Callable[[str], None]) -> str | None:
    """Build, check and release what has landed; the release id, or None when there was nothing new."""
    from jingjinji import build, quality
    from jingjinji.release import create_release, current_release

    built = build.build(on_progress=lambda line: say(f"build  {line}"))
    current = current_release()
    # Settled: it was a release once. Where another one is current, somebody went back on purpose.
    if built.nothing_new and current and (current.run_id == built.run_id or build.is_settled(built.run_id)):
        say("build  " + orchestration.nothing_new())
        return None
    say("check  expectations on the candidate")
    verdict = quality.check_published(Path(built.path))
    if not verdict.passed:
        raise ChainError("check failed, everybody stays on the last release:\n" + "\n".join(map(str, verdict.failed)))
    say("release marts copied, compared and read again")
    made = create_release(Path(built.path))
    say(f"release {made.release_id}" + ("" if made.is_new else ": content unchanged, stays as it is"))
    return made.release_id if made.is_new else None


def _export(say: Callable[[str], None]) -> tuple[str, ...]:
    for agreement_id in orchestration.agreement_ids():
        say(f"export {agreement_id}")
        orchestration.export(agreement_id)
    return orchestration.agreement_ids()
