"""How outcomes are shown on the command line: pure text and JSON, nothing is read or written."""

from __future__ import annotations

import json
from collections.abc import Sequence

from jingjinji.landing import Outcome
from jingjinji.landing.judging import COUNTS, WARNED
from jingjinji.landing.receipts import STATUS

NAMES = {
    "received": "收到",
    "accepted": "接收",
    "quarantined": "隔离",
    "duplicate": "重复",
    "ignored": "忽略",
    "refused": "退回",
}


def landed_json(outcomes: Sequence[Outcome]) -> str:
    """The row account of one landing: the sums of COUNTS, and one entry per delivery with its receipt."""
    totals = {name: sum(o.rows[name] for o in outcomes) for name in (*COUNTS, WARNED)}
    deliveries = [
        {
            "feed": o.feed_id, "file": o.file_name, "delivery_id": o.delivery_id, "version": o.version, "status": o.status,
            "is_new": o.is_new, **o.rows, "receipt": str(o.receipt) if o.receipt else None, "messages": list(o.messages),
        }
        for o in outcomes
    ]  # fmt: skip
    receipts = [d["receipt"] for d in deliveries]
    report = {**totals, "receipt": receipts[0] if len(receipts) == 1 else receipts, "deliveries": deliveries}
    return json.dumps(report, ensure_ascii=False, indent=2)


def landed_text(outcomes: Sequence[Outcome]) -> str:
    """The same for people."""
    lines = []
    for o in outcomes:
        account = "收到{received} = ".format(**o.rows) + " + ".join(f"{NAMES[n]}{o.rows[n]}" for n in COUNTS[1:])
        warned = f"，其中警告{o.rows[WARNED]}" if o.rows[WARNED] else ""
        lines.append(f"{o.feed_id}  {o.file_name}  {STATUS[o.status]}  {account}{warned}")
        lines += [f"  [{m['code']}] {m['message']}。{m['fix']}" for m in o.messages]
        not_kept = "（未接收，未保存，没有回执）" if o.is_new else "（试运行，未保存）"
        lines.append(f"  回执：{o.receipt}" if o.receipt else f"  {not_kept}")
    return "\n".join(lines)
