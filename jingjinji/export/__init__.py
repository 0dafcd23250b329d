"""A delivery to a partner: what a sharing agreement grants of the current release, in a folder that verifies alone.

The folder is written beside and renamed into place: Parquet with the meaning of each field in it, changes since the
partner's last delivery, code lists, dictionary, the agreement, and a manifest signed with this home's key. Nothing
leaves that the agreement does not grant, that holds a mobile or identity number, or that does not verify.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb

from jingjinji import audit, verify
from jingjinji.export import delivery
from jingjinji.export import files as export_files
from jingjinji.export.agreements import Agreement, AgreementError, check_columns, load_agreement, select_sql
from jingjinji.export.delivery import DatasetOutcome, ExportError, Job
from jingjinji.paths import PROJECT, home
from jingjinji.query import connect
from jingjinji.release.store import Release, current_release, sweep_drafts, sync

Status = Literal["delivered", "unchanged", "skipped", "not_due", "planned"]
PERIODS = {
    "each_release": timedelta(0),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=28),
}
# A daily delivery made at 06:05 yesterday is due at 06:00 today.
EARLY = timedelta(hours=1)


@dataclass(frozen=True)
class Outcome:
    """What became of one agreement."""

    agreement_id: str
    status: Status
    reason: str = ""
    folder: Path | None = None
    fingerprint: str = ""
    datasets: dict[str, DatasetOutcome] = field(default_factory=dict)


def export(
    agreement_id: str | None = None,
    *,
    as_of: date | None = None,
    dry_run: bool = False,
    now: bool = False,
    folder: Path | None = None,
) -> list[Outcome]:
    """Write the deliveries that are due.

    Args:
        agreement_id: One agreement; all when absent.
        as_of: Deliver what was known at the end of this day; a line of deliveries of its own, outside the schedule.
        dry_run: Say what would go out, write nothing.
        now: Do not wait for the schedule.
        folder: Where the agreements are; `exports/` of the project when absent.

    Raises:
        ExportError: An agreement could not be served; the others were. The message says what to correct.
    """
    place = folder or PROJECT / "exports"
    paths = [path for path in sorted(place.glob("*.yml")) if path.stem == agreement_id or not agreement_id]
    paths = [path for path in paths if not path.stem.startswith("_")]
    if agreement_id and not paths:
        raise ExportError(f"there is no agreement {place / agreement_id}.yml")
    outcomes, faults = [], []
    for path in paths:
        try:
            outcomes.append(_export_one(path, as_of, dry_run, now))
        except (ExportError, AgreementError, duckdb.Error) as error:
            audit.record("export.fail", agreement_id=path.stem)
            faults.append(str(error))
    if faults:
        raise ExportError("\n".join(faults))
    return outcomes


def last_delivery(agreement_id: str, as_of: date | None = None) -> tuple[Path, dict[str, Any]] | None:
    """Folder and manifest of a partner's last delivery, of those as of the same day (None: of all that is known)."""
    for path in sorted((home().exports / agreement_id).glob(f"[0-9]*/{verify.MANIFEST}"), reverse=True):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["as_of"] == (as_of.isoformat() if as_of else None):
            return path.parent, manifest
    return None


def _export_one(path: Path, as_of: date | None, dry_run: bool, now: bool) -> Outcome:
    agreement = load_agreement(path)
    moment = datetime.now(audit.SHANGHAI)
    if reason := agreement.reason_to_skip(moment.date()):
        audit.record("export.skip", agreement_id=agreement.agreement_id, reason=reason)
        return Outcome(agreement.agreement_id, "skipped", reason)
    release = current_release()
    if release is None:
        raise ExportError(f"there is no release in {home().root} yet, so {agreement.agreement_id} cannot be served")
    check_columns(agreement, {m: {c.name: c.type for c in t.facts.columns} for m, t in release.tables.items()})
    with _agreement_lock(agreement.agreement_id):
        base_folder, base = last_delivery(agreement.agreement_id, as_of) or (None, None)
        if base and not as_of and not now and not dry_run and (due := _due_at(agreement, base)) > moment:
            return Outcome(
                agreement.agreement_id, "not_due", f"下次交付 {due:%Y-%m-%d %H:%M} 之后（加 --now 立即交付）"
            )
        if base and base_folder and not dry_run and _is_same_source(agreement, release, base):
            return Outcome(agreement.agreement_id, "unchanged", "与上次交付相同", base_folder)
        job = Job(agreement, path, release, as_of, base, base_folder, _new_id(agreement, release, as_of))
        return _plan(job) if dry_run else _deliver(job)


def _is_same_source(agreement: Agreement, release: Release, base: dict[str, Any]) -> bool:
    """Same terms on the same release, which never changes: the same delivery, without looking."""
    terms = base["agreement"]["sha256"] == agreement.sha256
    return bool(terms and base["release"]["release_id"] == release.release_id)


def _due_at(agreement: Agreement, base: dict[str, Any]) -> datetime:
    period = PERIODS[agreement.schedule]
    return datetime.fromisoformat(base["created_at"]) + (period - EARLY if period else period)


def _new_id(agreement: Agreement, release: Release, as_of: date | None) -> str:
    """A number that counts this partner's deliveries, and the release it came from; no "=", which readers take for a column."""
    numbers = [
        int(p.name[:5]) for p in (home().exports / agreement.agreement_id).glob("[0-9]*") if p.name[:5].isdigit()
    ]
    suffix = f"-asof-{as_of:%Y%m%d}" if as_of else ""
    return f"{max(numbers, default=0) + 1:05}-{release.release_id}{suffix}"


@contextmanager
def _agreement_lock(agreement_id: str) -> Iterator[None]:
    folder = home().exports / agreement_id
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _plan(job: Job) -> Outcome:
    with connect(home().releases / job.release.release_id, job.as_of) as con:
        datasets = {}
        for name in job.agreement.datasets:
            select = select_sql(job.agreement, name, "", delivery.facts_of(job, name))
            rows = con.execute(f"select count(*) from ({select})").fetchone()
            datasets[name] = DatasetOutcome(
                int(rows[0]) if rows else 0, delivery.suppressed(con, job, name), delivery.withheld(job, name)
            )
    return Outcome(job.agreement.agreement_id, "planned", datasets=datasets)


def _deliver(job: Job) -> Outcome:
    folder = home().exports / job.agreement.agreement_id
    draft = folder / f".draft-{os.getpid()}-{job.delivery_id}"
    try:
        datasets = delivery.write_datasets(job, draft)
        if job.base and delivery.is_nothing_new(job, datasets, draft):
            audit.record(
                "export.unchanged", agreement_id=job.agreement.agreement_id, delivery_id=job.base["delivery_id"]
            )
            return Outcome(
                job.agreement.agreement_id, "unchanged", "与上次交付相同", job.base_folder, datasets=datasets
            )
        fingerprint = delivery.seal(job, datasets, draft)
        final = folder / job.delivery_id
        draft.rename(final)
        sync(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    audit.record(
        "export.deliver",
        agreement_id=job.agreement.agreement_id,
        agreement_sha256=job.agreement.sha256,
        delivery_id=job.delivery_id,
        release_id=job.release.release_id,
        manifest_sha256=verify.sha256_of(final / verify.MANIFEST),
        rows={name: outcome.rows for name, outcome in datasets.items()},
    )
    sweep_drafts(folder)
    export_files.replace_copy(Path(verify.__file__), folder / "verify.py")
    return Outcome(job.agreement.agreement_id, "delivered", "", final, fingerprint, datasets)


def told(outcomes: list[Outcome]) -> str:
    """What became of the agreements, for people."""
    words = {
        "delivered": "已交付",
        "unchanged": "没有变化",
        "skipped": "跳过",
        "not_due": "未到交付时间",
        "planned": "预演",
    }
    lines = [] if outcomes else ["没有共享协议（no agreement in exports/）"]
    for outcome in outcomes:
        where = f"：{outcome.folder}" if outcome.folder else ""
        lines.append(
            f"{outcome.agreement_id} {words[outcome.status]}{where}{f'（{outcome.reason}）' if outcome.reason else ''}"
        )
        for name, found in outcome.datasets.items():
            changes = "，".join(f"{kind} {count}" for kind, count in found.changes.items())
            lines.append(
                f"  {name}：{found.rows} 行，小单元隐去 {found.suppressed_rows} 行{f'；变更 {changes}' if changes else ''}"
            )
            if outcome.status == "planned":
                lines.append(f"    不对外提供的字段：{', '.join(found.withheld) or '无'}")
        if outcome.fingerprint:
            lines.append(f"  签名公钥指纹（请另行告知接收方）：{outcome.fingerprint}")
    return "\n".join(lines)
