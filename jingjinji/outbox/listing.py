"""All receipts of feeds, first and second, in the order they were written: what `jjj receipts` shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jingjinji.contracts import load_contracts
from jingjinji.landing import current_manifest
from jingjinji.landing.receipts import STATUS
from jingjinji.outbox import second_receipts
from jingjinji.paths import home

KINDS = {"first": "首次回执", "second": "二次回执"}


@dataclass(frozen=True)
class Receipt:
    """One receipt a sender has. `at` is wall clock Asia/Shanghai; counts are rows in a first receipt, notes in a second."""

    kind: str
    at: str
    feed_id: str
    delivery_id: str
    file_name: str
    status_zh: str
    rows_accepted: int
    errors: int
    warnings: int
    infos: int
    path: str


def receipts(feed_id: str | None = None, since: date | None = None) -> list[Receipt]:
    """Receipts of the current versions of deliveries, oldest first.

    Args:
        feed_id: of one feed; of all when absent.
        since: written on this day or later (Asia/Shanghai).

    Raises:
        ContractError: there is no such feed; the message lists those there are.
    """
    if feed_id:
        load_contracts().feed(feed_id)
    found = (one for folder in sorted(home().deliveries.glob(f"{feed_id or '*/*'}/*")) for one in _of_delivery(folder))
    chosen = [one for one in found if since is None or one.at[:10] >= since.isoformat()]
    return sorted(chosen, key=lambda one: (one.at, one.feed_id, one.delivery_id, one.kind))


def _of_delivery(folder: Path) -> Iterator[Receipt]:
    manifest = current_manifest(folder)
    if manifest is None:
        return
    rows = manifest["rows"]
    yield Receipt(
        kind="first", at=manifest["landed_at"], feed_id=manifest["feed_id"], delivery_id=manifest["delivery_id"],
        file_name=manifest["file_name"], status_zh=STATUS[manifest["status"]], rows_accepted=rows["accepted"],
        errors=rows["quarantined"] + rows["refused"], warnings=rows.get("warned", 0), infos=0,
        path=str(folder / f"v{manifest['version']:04d}" / "receipt.csv"),
    )  # fmt: skip
    for second in second_receipts(folder):
        content: dict[str, Any] = json.loads((second / "receipt.json").read_text(encoding="utf-8"))
        counts = content["counts"]
        yield Receipt(
            kind="second", at=content["written_at"], feed_id=content["feed_id"], delivery_id=content["delivery_id"],
            file_name=content["file_name"], status_zh=content["status_zh"], rows_accepted=0,
            errors=counts["error"], warnings=counts["warning"], infos=counts["info"], path=str(second / "receipt.csv"),
        )  # fmt: skip


def as_json(found: Sequence[Receipt]) -> str:
    """The list for programs, with totals by kind."""
    content = {"totals": {kind: totals(found, kind) for kind in KINDS}, "receipts": [asdict(one) for one in found]}
    return json.dumps(content, ensure_ascii=False, indent=2)


def as_text(found: Sequence[Receipt]) -> str:
    """The list for people: a line per receipt, totals at the end."""
    lines = [
        f"{one.at[:16].replace('T', ' ')}  {KINDS[one.kind]}  {one.feed_id}  {one.file_name}  {one.status_zh}  "
        f"{_counted(one)}\n    {one.path}"
        for one in found
    ]
    for kind, zh in KINDS.items():
        total = totals(found, kind)
        what = "行退回或隔离" if kind == "first" else "项错误"
        lines.append(
            f"{zh}：{total['receipts']}份，{total['errors']}{what}，{total['warnings']}{'行' if kind == 'first' else '项'}警告"
            + (f"，{total['infos']}项提示" if kind == "second" else "")
        )
    return "\n".join(lines)


def totals(found: Sequence[Receipt], kind: str) -> dict[str, int]:
    """Number of receipts of a kind, and the sums of what they tell."""
    chosen = [one for one in found if one.kind == kind]
    names = ("rows_accepted", "errors", "warnings", "infos")
    return {"receipts": len(chosen)} | {name: sum(getattr(one, name) for one in chosen) for name in names}


def _counted(one: Receipt) -> str:
    if one.kind == "first":
        return f"接收{one.rows_accepted}行，退回或隔离{one.errors}行，警告{one.warnings}行"
    return f"错误{one.errors}项，警告{one.warnings}项，提示{one.infos}项"
