"""Changing what was landed without losing anything: conform again under today's rules, or take a wrong delivery out.

Both add a version to the delivery's folder; what stood before stays readable. Both can be rehearsed: the same action runs on
a linked copy of the home, is built there, and the difference it makes to the marts is shown before anything is kept.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jingjinji import audit, landing
from jingjinji.contracts import load_contracts, rule_set_version
from jingjinji.errors import UserError
from jingjinji.landing import Outcome, receipts
from jingjinji.landing.judging import Delivery, row_account
from jingjinji.paths import Home, home
from jingjinji.personal import masked


class CorrectionError(UserError):
    """The delivery cannot be changed this way; the message says why and what to do."""


def due_for_reland(which: tuple[str, ...] = (), restore: bool = False) -> list[dict[str, Any]]:
    """Manifests of the current deliveries that today's rules would judge anew.

    Args:
        which: feed ids or delivery ids; empty means all.
        restore: take withdrawn deliveries instead.

    Raises:
        CorrectionError: a name in `which` is neither a feed nor a delivery.
    """
    contracts, due = load_contracts(), []
    deliveries = [manifest for _, manifest in landing.current_deliveries()]
    known = contracts.feeds.keys() | {manifest["delivery_id"] for manifest in deliveries}
    if unknown := [name for name in which if name not in known]:
        raise CorrectionError(f"没有这样的数据来源或报送：{'、'.join(unknown)}；编号见 jjj land 的输出或回执")
    for manifest in deliveries:
        if which and manifest["feed_id"] not in which and manifest["delivery_id"] not in which:
            continue
        if restore != (manifest["status"] == "withdrawn") or manifest["feed_id"] not in contracts.feeds:
            continue
        feed = contracts.feed(manifest["feed_id"])
        changed = manifest["rule_set_version"] != rule_set_version(contracts.standard_of(feed), feed)
        if (changed or restore) and _archived(home(), manifest).exists():
            due.append(manifest)
    return due


def reland(which: tuple[str, ...] = (), *, restore: bool = False) -> list[Outcome]:
    """Conform again, from the archived bytes, every delivery whose rules have changed; quarantined rows heal.

    Args:
        which: feed ids or delivery ids; empty means all.
        restore: bring withdrawn deliveries back instead.

    Returns:
        One Outcome per delivery that was conformed again; empty when all stand under today's rules.
    """
    return [_conform_again(manifest) for manifest in due_for_reland(which, restore)]


def _archived(place: Home, manifest: dict[str, Any]) -> Path:
    return place.archive / manifest["file_sha256"][:2] / manifest["file_sha256"]


def _conform_again(manifest: dict[str, Any]) -> Outcome:
    place, contracts = home(), load_contracts()
    feed = contracts.feed(manifest["feed_id"])
    standard = contracts.standard_of(feed)
    kept = (
        "delivery_id",
        "feed_id",
        "dataset",
        "region",
        "file_name",
        "file_sha256",
        "file_bytes",
        "period",
        "data_origin",
    )
    identity = {key: manifest[key] for key in kept} | {"rule_set_version": rule_set_version(standard, feed)}
    folder = place.deliveries / feed.feed_id / manifest["delivery_id"]
    with landing.scratch_folder(place) as scratch:
        shutil.copyfile(_archived(place, manifest), scratch / "bytes")
        delivery = Delivery(scratch, identity, folder, manifest["version"] + 1)
        (outcome,) = landing.conform_and_commit(place, standard, feed, [delivery])
        return outcome


def withdraw(delivery_id: str, reason: str) -> Outcome:
    """Take a wrong delivery out of everything after the landing zone. The bytes, the earlier version and the reason stay.

    Args:
        delivery_id: as printed by `jjj land` and in receipts.
        reason: why, for the trace; Chinese. Mobile and identity numbers in it are masked before it is kept.

    Raises:
        CorrectionError: no such delivery, or already withdrawn, or no reason given.
    """
    if not reason.strip():
        raise CorrectionError("撤回须写明原因：--reason")
    reason = masked(reason)
    manifest = _find(delivery_id)
    if manifest is None:
        raise CorrectionError(f"没有编号为 {delivery_id} 的报送；编号见 jjj land 的输出或回执")
    if manifest["status"] == "withdrawn":
        raise CorrectionError(f"报送 {delivery_id} 已于 {manifest['landed_at']} 撤回")
    received = manifest["rows"]["received"]
    rows = row_account(received=received, refused=received)
    message = {"code": "W01", "message": f"已撤回：{reason}", "fix": "如需恢复，请用 jjj reland --restore"}
    changed = {"version": manifest["version"] + 1, "landed_at": landing.now().isoformat(), "status": "withdrawn"}
    manifest = manifest | changed | {"rows": rows, "messages": [message]}
    place = home()
    folder = place.deliveries / manifest["feed_id"] / delivery_id
    with landing.scratch_folder(place) as scratch:
        staged = scratch / "staged"
        staged.mkdir()
        landing.write_json(staged / "delivery.json", manifest)
        receipts.write(staged, manifest, [], [], [])
        if not landing.commit(staged, folder, manifest["version"]):
            raise CorrectionError(f"报送 {delivery_id} 刚被他人改动，请重新查看后再撤回")
    audit.record("landing.withdrawn", delivery_id=delivery_id, feed_id=manifest["feed_id"], reason=reason)
    receipt = folder / f"v{manifest['version']:04d}" / "receipt.json"
    name, version = manifest["file_name"], manifest["version"]
    return Outcome(manifest["feed_id"], name, "withdrawn", True, delivery_id, rows, receipt, (message,), version)


def _find(delivery_id: str) -> dict[str, Any] | None:
    """The current manifest of a delivery, asked of each feed's folder rather than of every delivery."""
    if not delivery_id or Path(delivery_id).name != delivery_id:
        return None
    folders = (feed / delivery_id for feed in home().deliveries.glob("*/*"))
    return next((manifest for folder in folders if (manifest := landing.current_manifest(folder))), None)


# ---------------------------------------------------------------- rehearsal


@contextmanager
def rehearsal() -> Iterator[Home]:
    """A linked copy of the home, in which the same commands run for real and nothing of the home changes."""
    real = home()
    copy = Home(Path(tempfile.mkdtemp(prefix="rehearsal-", dir=real.root)))
    before = os.environ.get("JJJ_HOME")
    try:
        _link_deliveries(real.deliveries, copy.deliveries)
        copy.archive.symlink_to(real.archive)
        if real.compacted.exists():
            copy.compacted.symlink_to(real.compacted)
        if real.marker.exists():
            copy.marker.symlink_to(real.marker)
        if real.current.is_symlink():
            copy.current.symlink_to(real.current.readlink())
        for folder, linked in ((real.builds, copy.builds), (real.releases, copy.releases)):
            linked.mkdir()
            for finished in folder.glob("[!.]*"):
                (linked / finished.name).symlink_to(finished)
        os.environ["JJJ_HOME"] = str(copy.root)
        yield copy
    finally:
        os.environ.pop("JJJ_HOME") if before is None else os.environ.update(JJJ_HOME=before)
        shutil.rmtree(copy.root, ignore_errors=True)


def _link_deliveries(source: Path, target: Path) -> None:
    """The same delivery folders with links to their versions, which never change; new versions get a folder of their own."""
    target.mkdir(parents=True)
    for version in source.glob("*/*/*/v[0-9]*"):
        link = target / version.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(version)


def rehearse(action: Callable[[], Any], say: Callable[[str], None]) -> tuple[str, ...]:
    """What `action` would change in the marts, in Chinese lines: it is done, built, checked and released in a rehearsal.

    Args:
        action: for example `lambda: withdraw(delivery_id, reason)`.
        say: called with a line for people at each step.

    Raises:
        ChainError, BuildError: after the action no release could be made; the message says why.
    """
    from jingjinji.operate import chain
    from jingjinji.release import diffing as release_diff

    with rehearsal():
        action()
        released = chain.release_landed(say)
        return release_diff.diff().summary_zh if released else ("对已发布的数据没有影响。",)
