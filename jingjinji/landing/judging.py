"""Judging one delivery: read it, run the conforming statement, count, and write what was accepted and what was not.

Works in a scratch folder only; what becomes of the result is `landing.py`'s business.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Feed, Standard
from jingjinji.landing import casting, receipts
from jingjinji.landing.conform import Plan, faults_sql, plan
from jingjinji.landing.detect import Detected, UnreadableError, detect
from jingjinji.landing.readers import read

COUNTS = ("received", "accepted", "quarantined", "duplicate", "ignored", "refused")
SECRECY = re.compile(r"密级[：:\s]*+(?!非密|无|公开|内部公开)(\S+)|(绝密|机密|秘密)\s*(?:★|☆|级|\d|$)")
NOT_SECRET = ("非密", "公开", "无")


@dataclass
class Judgement:
    """Result of conforming one delivery, before it is committed."""

    rows: dict[str, int]
    status: str = "accepted"
    messages: list[dict[str, str]] = field(default_factory=list)
    faults: list[receipts.RowFault] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    keep_bytes: bool = True


def message(code: str, text: str, fix: str) -> dict[str, str]:
    """One line of a receipt about the whole delivery."""
    return {"code": code, "message": text, "fix": fix}


def judge(
    standard: Standard, feed: Feed, scratch: Path, staged: Path, identity: dict[str, Any], landed_at: dt.datetime
) -> Judgement:
    """Read, cast and judge; writes accepted.parquet and quarantined.parquet into `staged` unless refused."""
    with duckdb.connect(config={"temp_directory": str(scratch / "spill"), "preserve_insertion_order": True}) as con:
        try:
            detected = detect(scratch / "bytes", feed.encoding)
            sheet = read(con, scratch / "bytes", detected, feed, scratch)
            _refuse_secret(list(sheet.outside))
            todo = plan(standard, feed, sheet)
            con.execute(casting.MACROS)
            con.execute(todo.judged_sql)
            _refuse_secret(_texts_outside(con, todo))
        except UnreadableError as error:
            return _refused(_count_rows(con), error)
        except duckdb.Error as error:
            fault = UnreadableError("F12", f"表格无法读取（{str(error).splitlines()[0][:200]}）", "请重新导出后报送")
            return _refused(_count_rows(con), fault)
        _mark_repeated(con, standard)
        judgement = Judgement(_counts(con), facts={"detected": asdict(detected), "titles": sheet.titles})
        judgement.messages += _notes(feed, identity["file_name"], detected)
        judgement.faults = _row_faults(con, standard, todo)
        _refuse_if_too_many(judgement, feed)
        if judgement.status == "accepted":
            _write_parquet(con, standard, todo, staged, identity["delivery_id"], landed_at)
        return judgement


def _refused(received: int, error: UnreadableError) -> Judgement:
    rows = dict.fromkeys(COUNTS, 0) | {"received": received, "refused": received}
    keep = error.code != "F08"
    return Judgement(rows, "refused", [message(error.code, error.message, error.fix)], keep_bytes=keep)


def _count_rows(con: duckdb.DuckDBPyConnection) -> int:
    """Rows that were seen before reading stopped; 0 when not even rows could be told apart."""
    try:
        found = con.execute("select count(*) from cells").fetchone()
    except duckdb.Error:
        return 0
    return int(found[0]) if found else 0


def _texts_outside(con: duckdb.DuckDBPyConnection, todo: Plan) -> list[str]:
    """Texts of footers, and of the column 密级 where the sender has one."""
    texts = [f"coalesce({', '.join(f't_{b.name}' for b in todo.bounds)})"]
    found = [str(t) for (t,) in con.execute(f"select {texts[0]} from judged where is_footer").fetchall()]
    if todo.secrecy_cell:
        marks = con.execute(f"select distinct trim({todo.secrecy_cell}) from cells").fetchall()
        found += [f"密级：{m}" for (m,) in marks if m and m not in ("密级", *NOT_SECRET)]
    return found


def _refuse_secret(texts: list[str]) -> None:
    for text in texts:
        if SECRECY.search(text):
            message = "文件标有非“非密”的密级，本平台只接收非密数据；未保存内容，只记录了哈希值和大小"
            raise UnreadableError("F08", message, "请按保密规定处理该文件，不要通过本平台传输")


def _mark_repeated(con: duckdb.DuckDBPyConnection, standard: Standard) -> None:
    """Table `repeated`: good rows whose key stands more than once. Equal content is a duplicate, other content a conflict."""
    key = ", ".join(standard.key)
    content = ", ".join(standard.columns)
    con.execute(f"""
        create temp table repeated_keys as
        select {key}, count(distinct hash({content})) as contents
        from judged where not (is_bad or is_ghost or is_footer) group by all having count(*) > 1""")
    same_key = " and ".join(f"judged.{c} is not distinct from repeated_keys.{c}" for c in standard.key)
    con.execute(f"""
        create temp table repeated as
        select judged.row_number, judged.cell, contents > 1 as is_conflict,
            row_number() over (partition by {", ".join("judged." + c for c in standard.key)} order by judged.row_number) as copy
        from judged join repeated_keys on {same_key}
        where not (is_bad or is_ghost or is_footer)""")
    con.execute("""
        create temp view verdicts as
        select judged.*, case
                when is_footer or is_ghost then 'ignored' when is_bad or is_conflict then 'quarantined'
                when copy > 1 then 'duplicate' else 'accepted' end as verdict,
            coalesce(is_conflict, false) as is_conflict
        from judged left join repeated using (row_number, cell)""")


def _counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = dict.fromkeys(COUNTS, 0)
    counts |= dict(con.execute("select verdict, count(*) from verdicts group by verdict").fetchall())
    counts["received"] = sum(counts[name] for name in COUNTS[1:])
    return counts


def _notes(feed: Feed, file_name: str, detected: Detected) -> list[dict[str, str]]:
    """What the bytes are where that is not what was declared; the delivery is taken all the same."""
    notes = []
    if detected.format != feed.format:
        text = f"文件{file_name}实际是{detected.format.upper()}，约定是{feed.format.upper()}；已按实际格式读取"
        notes.append(message("N01", text, "请按约定的格式报送"))
    elif detected.encoding and detected.encoding.removesuffix("-sig") != feed.encoding:
        text = f"文件{file_name}实际编码是{detected.encoding}，约定是{feed.encoding}；已按实际编码读取"
        notes.append(message("N02", text, "请按约定的编码报送"))
    return notes


def _row_faults(con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan) -> list[receipts.RowFault]:
    headers = {b.name: b.header for b in todo.bounds}
    key = quote_key = next(iter(standard.key))
    conflict = f"[{{'code': 'R07', 'column': '{quote_key}', 'value': {key}::varchar}}]"
    found = con.execute(f"""
        select row_number, cell, case when is_conflict then {conflict} else {faults_sql(todo.faults)} end
        from verdicts where verdict = 'quarantined' order by row_number, cell""").fetchall()
    return [receipts.describe(standard, headers, row, cell, fault) for row, cell, faults in found for fault in faults]


def _refuse_if_too_many(judgement: Judgement, feed: Feed) -> None:
    rows = judgement.rows
    judged = rows["received"] - rows["ignored"]
    unknown = [f for f in judgement.faults if f.code == "R05"]
    if feed.unknown_code == "refuse" and unknown:
        first = unknown[0]
        text = f"第{first.row}行：{first.message}；本数据约定含未知代码即整批退回"
        judgement.messages.append(message("F13", text, first.fix))
    elif judged and rows["quarantined"] / judged > feed.max_reject_share:
        share = f"{rows['quarantined']}/{judged}行有错，超过约定的上限{feed.max_reject_share:.0%}"
        judgement.messages.append(message("F07", f"整批退回：{share}", "请按逐行说明修改后整批重新报送"))
    else:
        return
    judgement.status = "refused"
    judgement.rows = dict.fromkeys(COUNTS, 0) | {"received": rows["received"], "refused": rows["received"]}


def _write_parquet(
    con: duckdb.DuckDBPyConnection,
    standard: Standard,
    todo: Plan,
    staged: Path,
    delivery_id: str,
    landed_at: dt.datetime,
) -> None:
    columns = ", ".join(f"{name}::{column.sql_type} as {name}" for name, column in standard.columns.items())
    lineage = f"'{delivery_id}' as delivery_id, row_number, known_from, timestamp '{landed_at}' as landed_at"
    con.execute(f"""
        copy (select {lineage}, {columns} from verdicts where verdict = 'accepted' order by row_number)
        to '{staged / "accepted.parquet"}' (format parquet, compression zstd)""")
    texts = ", ".join(f"'{b.name}': t_{b.name}" for b in todo.bounds)
    con.execute(f"""
        copy (
            select '{delivery_id}' as delivery_id, row_number, cell,
                case when is_conflict then [{{'code': 'R07', 'column': '{standard.key[0]}', 'value': null::varchar}}]
                    else {faults_sql(todo.faults)} end as faults,
                to_json({{{texts}}})::varchar as sent
            from verdicts where verdict = 'quarantined' order by row_number)
        to '{staged / "quarantined.parquet"}' (format parquet, compression zstd)""")
