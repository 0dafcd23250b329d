"""Judging one delivery: read it, run the conforming statement, count, and write what was accepted and what was not.

Works in a scratch folder only; what becomes of the result is `landing.py`'s business.
"""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Feed, Standard
from jingjinji.landing import casting, receipts, secrecy
from jingjinji.landing.conform import Plan, faults_sql, plan
from jingjinji.landing.detect import Detected, UnreadableError, detect
from jingjinji.landing.readers import read
from jingjinji.landing.sheets import Sheet
from jingjinji.personal import masked

log = logging.getLogger(__name__)

COUNTS = ("received", "accepted", "quarantined", "duplicate", "ignored", "refused")
WARNED = "warned"  # a part of accepted: taken, and the sender is told


def row_account(**counts: int) -> dict[str, int]:
    """Rows by what became of them: those of COUNTS and WARNED, 0 where not given."""
    return dict.fromkeys((*COUNTS, WARNED), 0) | counts


@dataclass
class Judgement:
    """Result of conforming one delivery, before it is committed."""

    rows: dict[str, int]
    status: str = "accepted"
    messages: list[dict[str, str]] = field(default_factory=list)
    faults: list[receipts.RowFault] = field(default_factory=list)
    warnings: list[receipts.RowFault] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    keep_bytes: bool = True


def message(code: str, text: str, fix: str) -> dict[str, str]:
    """One line of a receipt about the whole delivery."""
    return {"code": code, "message": masked(text), "fix": masked(fix)}


def judge(
    standard: Standard, feed: Feed, scratch: Path, staged: Path, identity: dict[str, Any], landed_at: dt.datetime
) -> Judgement:
    """Read, cast and judge; writes accepted.parquet and quarantined.parquet into `staged` unless refused.

    warnings.parquet lies beside them where a taken row breaks a rule of severity `warning`.
    """
    with duckdb.connect(config={"temp_directory": str(scratch / "spill"), "preserve_insertion_order": True}) as con:
        try:
            detected = detect(scratch / "bytes", feed.encoding)
            secrecy.refuse_secret(scratch / "bytes", detected)
            sheet = read(con, scratch / "bytes", detected, feed, scratch)
            todo = plan(standard, feed, sheet, landed_at)
            con.execute(casting.MACROS)
            con.execute(todo.judged_sql)
            secrecy.refuse_marked(_secrecy_column(con, todo))
        except UnreadableError as error:
            return _refused(_count_rows(con), error)
        except Exception as error:  # one file that breaks the program must not stop the other files and feeds
            where = "".join(
                traceback.format_tb(error.__traceback__)
            )  # without the message, which may quote the content
            log.error("%s cannot be judged: %s\n%s", identity["delivery_id"], type(error).__name__, where)
            text = f"程序无法读取该文件（{type(error).__name__}），内容已存档，未入库"
            return _refused(_count_rows(con), UnreadableError("F99", text, "请联系数据工程师，并附上本回执"))
        _mark_repeated(con, standard)
        judgement = Judgement(_counts(con), facts={"detected": asdict(detected), "titles": sheet.titles})
        judgement.messages += _notes(feed, identity["file_name"], detected, sheet)
        judgement.faults = _row_faults(con, standard, todo)
        _refuse_if_too_many(judgement, feed)
        if judgement.status == "accepted":
            _write_parquet(con, standard, todo, staged, identity["delivery_id"], landed_at)
            judgement.warnings = _row_warnings(con, standard, todo)
            if judgement.warnings:
                _write_warnings(con, judgement.warnings, staged)
        return judgement


def _refused(received: int, error: UnreadableError) -> Judgement:
    rows = row_account(received=received, refused=received)
    keep = error.code != "F08"
    return Judgement(rows, "refused", [message(error.code, error.message, error.fix)], keep_bytes=keep)


def _count_rows(con: duckdb.DuckDBPyConnection) -> int:
    """Rows that were seen before reading stopped; 0 when not even rows could be told apart."""
    try:
        found = con.execute("select count(*) from cells").fetchone()
    except duckdb.Error:
        return 0
    return int(found[0]) if found else 0


def _secrecy_column(con: duckdb.DuckDBPyConnection, todo: Plan) -> list[str]:
    """What stands in the column 密级, where the sender has one."""
    if not todo.secrecy_cell:
        return []
    marks = con.execute(
        f"select distinct {todo.secrecy_cell} from cells where row_number >= {todo.first_row}"
    ).fetchall()
    return list(secrecy.marks_of_column(mark for (mark,) in marks))


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
    found = con.execute("select verdict, count(*), count_if(is_warned) from verdicts group by verdict").fetchall()
    counts = {verdict: rows for verdict, rows, _ in found}
    warned = sum(warned for verdict, _, warned in found if verdict == "accepted")
    return row_account(**counts, received=sum(counts.values()), warned=warned)


def _notes(feed: Feed, file_name: str, detected: Detected, sheet: Sheet) -> list[dict[str, str]]:
    """What the bytes are where that is not what was declared; the delivery is taken all the same."""
    notes = []
    if detected.format != feed.format:
        text = f"文件{file_name}实际是{detected.format.upper()}，约定是{feed.format.upper()}；已按实际格式读取"
        notes.append(message("N01", text, "请按约定的格式报送"))
    elif detected.encoding and detected.encoding.removesuffix("-sig") != feed.encoding:
        text = f"文件{file_name}实际编码是{detected.encoding}，约定是{feed.encoding}；已按实际编码读取"
        notes.append(message("N02", text, "请按约定的编码报送"))
    if sheet.notes:
        text = f"文件{file_name}的其他工作表没有读取：{'、'.join(sheet.notes)}"
        notes.append(message("N03", text, "如其中也有要报送的数据，请合并到第一个工作表后重新报送"))
    return notes


def _row_faults(con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan) -> list[receipts.RowFault]:
    key = quote_key = next(iter(standard.key))
    conflict = f"[{{'code': 'R07', 'column': '{quote_key}', 'value': {key}::varchar}}]"
    errors = tuple(fault for fault in todo.faults if not fault.is_warning)
    listed = f"case when is_conflict then {conflict} else {faults_sql(errors)} end"
    return _described(con, standard, todo, listed, "verdict = 'quarantined'")


def _row_warnings(con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan) -> list[receipts.RowFault]:
    """Rules of severity `warning` that taken rows break."""
    warnings = tuple(fault for fault in todo.faults if fault.is_warning)
    if not warnings:
        return []
    return _described(con, standard, todo, faults_sql(warnings), "verdict = 'accepted' and is_warned")


def _described(
    con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan, listed: str, condition: str
) -> list[receipts.RowFault]:
    headers = {b.name: b.header for b in todo.bounds}
    rows = f"select row_number, cell, {listed} from verdicts where {condition} order by row_number, cell"
    found = con.execute(rows).fetchall()
    return [receipts.describe(standard, headers, row, cell, fault) for row, cell, faults in found for fault in faults]


def _write_warnings(con: duckdb.DuckDBPyConnection, warnings: list[receipts.RowFault], staged: Path) -> None:
    """warnings.parquet: row_number BIGINT, rule_id, column_name (agreed), value (as shown in the receipt) VARCHAR."""
    import pyarrow as pa

    listed = {
        "row_number": pa.array([w.row for w in warnings], pa.int64()),
        "rule_id": pa.array([w.code for w in warnings], pa.string()),
        "column_name": pa.array([w.name for w in warnings], pa.string()),
        "value": pa.array([w.value for w in warnings], pa.string()),
    }
    con.register("warnings_listed", pa.table(listed))
    con.execute(f"copy warnings_listed to '{staged / 'warnings.parquet'}' (format parquet, compression zstd)")


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
    judgement.rows = row_account(received=rows["received"], refused=rows["received"])


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
                    else {faults_sql(tuple(f for f in todo.faults if not f.is_warning))} end as faults,
                to_json({{{texts}}})::varchar as sent
            from verdicts where verdict = 'quarantined' order by row_number)
        to '{staged / "quarantined.parquet"}' (format parquet, compression zstd)""")
