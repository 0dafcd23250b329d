"""Judging one delivery: read it, run the conforming statement, count, and write what was accepted and what was not.

Works in a scratch folder only; what becomes of the result is `landing.py`'s business.
"""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from jingjinji.contracts import Feed, Standard
from jingjinji.landing import receipts, secrecy, staging
from jingjinji.landing.conform import Plan, faults_sql, plan
from jingjinji.landing.detect import Detected, UnreadableError, detect
from jingjinji.landing.readers import read
from jingjinji.landing.sheets import Sheet
from jingjinji.personal import masked

log = logging.getLogger(__name__)

COUNTS = ("received", "accepted", "quarantined", "duplicate", "ignored", "refused")
LISTED = 100_000  # rows of one delivery that a receipt lists one by one; nobody reads more, and memory must not grow with them
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
    with staging.connection(scratch) as con:
        try:
            detected = detect(scratch / "bytes", feed.encoding)
            secrecy.refuse_secret(scratch / "bytes", detected)
            sheet = read(con, scratch / "bytes", detected, feed, scratch)
            todo = plan(standard, feed, sheet, landed_at)
            secrecy.refuse_marked(_secrecy_column(con, todo, sheet))
            staging.stage(con, scratch, sheet, todo)
        except UnreadableError as error:
            return _refused(_count_rows(con), error)
        except Exception as error:  # one file that breaks the program must not stop the other files and feeds
            where = "".join(
                traceback.format_tb(error.__traceback__)
            )  # without the message, which may quote the content
            log.error("%s cannot be judged: %s\n%s", identity["delivery_id"], type(error).__name__, where)
            text = f"程序无法读取该文件（{type(error).__name__}），内容已存档，未入库"
            return _refused(_count_rows(con), UnreadableError("F99", text, "请联系数据工程师，并附上本回执"))
        staging.decide(con, standard)
        judgement = Judgement(_counts(con), facts={"detected": asdict(detected), "titles": sheet.titles})
        judgement.messages += _notes(feed, identity["file_name"], detected, sheet)
        _tell(con, standard, todo, judgement, scratch, sheet)
        _refuse_if_too_many(judgement, feed)
        if judgement.status == "accepted":
            lineage = f"'{identity['delivery_id']}' as delivery_id", f"timestamp '{landed_at}' as landed_at"
            _write_accepted(con, standard, staged, lineage)
            _write_quarantined(con, standard, todo, staged, lineage[0], judgement.rows["quarantined"])
            if judgement.warnings:
                _write_warnings(con, judgement.warnings, staged)
        else:
            judgement.warnings = []
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


def _secrecy_column(con: duckdb.DuckDBPyConnection, todo: Plan, sheet: Sheet) -> list[str]:
    """What stands in the column 密级, where the sender has one."""
    if not todo.secrecy_cell:
        return []
    skipped = f"offset {sheet.first_row - sheet.offset - 1}"
    marks = con.execute(
        f"select distinct mark from (select {todo.secrecy_cell} as mark from cells {skipped})"
    ).fetchall()
    return list(secrecy.marks_of_column(mark for (mark,) in marks))


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


# ---------------------------------------------------------------- telling what is wrong


def _tell(
    con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan, judgement: Judgement, scratch: Path, sheet: Sheet
) -> None:
    """Faults of the quarantined rows and warnings of the accepted ones, in words."""
    if not judgement.rows["quarantined"] and not judgement.rows[WARNED]:
        return
    staging.spell(con, scratch, sheet, todo, "verdict = 'quarantined' or (verdict = 'accepted' and is_warned)")
    longest = max(judgement.rows["quarantined"], judgement.rows[WARNED])
    if longest > LISTED:
        text = f"有{longest}行需要说明，回执只逐行列出前{LISTED}行；总数以行数统计为准"
        judgement.messages.append(message("N04", text, "请按已列出的原因整批核对后重新报送"))
    if judgement.rows["quarantined"]:
        judgement.faults = _described(con, standard, todo, _errors_sql(standard, todo), "verdict = 'quarantined'")
    if judgement.rows[WARNED]:
        condition = "verdict = 'accepted' and is_warned"
        judgement.warnings = _described(con, standard, todo, faults_sql(todo.warnings), condition)


def _errors_sql(standard: Standard, todo: Plan) -> str:
    """List of the faults of a quarantined row; a conflict has no other."""
    conflict = f"[{{'code': 'R07', 'column': '{standard.key[0]}', 'value': spelled.{standard.key[0]}::varchar}}]"
    return f"case when is_conflict then {conflict} else {faults_sql(todo.errors)} end"


# A row of `spelled` with what became of it.
SPELLED = (
    "spelled join (select row_number, cell, verdict, is_conflict from verdicts) as verdicts using (row_number, cell)"
)


def _described(
    con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan, listed: str, condition: str
) -> list[receipts.RowFault]:
    headers = {b.name: b.header for b in todo.bounds}
    rows = (
        f"select row_number, cell, {listed} from {SPELLED} where {condition} order by row_number, cell limit {LISTED}"
    )
    found = con.execute(rows).fetchall()
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
    judgement.rows = row_account(received=rows["received"], refused=rows["received"])


# ---------------------------------------------------------------- writing


def _write_accepted(con: duckdb.DuckDBPyConnection, standard: Standard, staged: Path, lineage: tuple[str, str]) -> None:
    columns = ", ".join(f"{name}::{column.sql_type} as {name}" for name, column in standard.columns.items())
    con.execute(f"""
        copy (
            select {lineage[0]}, row_number, known_from, {lineage[1]}, {columns}
            from verdicts where verdict = 'accepted' {staging.in_order(con)})
        to '{staged / "accepted.parquet"}' (format parquet, compression zstd)""")


def _write_quarantined(
    con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan, staged: Path, delivery_id: str, rows: int
) -> None:
    path = staged / "quarantined.parquet"
    if not rows:
        path.write_bytes(_nothing_quarantined())
        return
    texts = ", ".join(f"'{b.name}': t_{b.name}" for b in todo.bounds)
    con.execute(f"""
        copy (
            select {delivery_id}, row_number, cell,
                case when is_conflict then [{{'code': 'R07', 'column': '{standard.key[0]}', 'value': null::varchar}}]
                    else {faults_sql(todo.errors)} end as faults,
                to_json({{{texts}}})::varchar as sent
            from {SPELLED} where verdict = 'quarantined' order by row_number)
        to '{path}' (format parquet, compression zstd)""")


@cache
def _nothing_quarantined() -> bytes:
    """quarantined.parquet of a delivery without faults: most deliveries, so it is made once."""
    with TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder) / "quarantined.parquet"
        con.execute(f"""
            copy (
                select ''::varchar as delivery_id, 0::bigint as row_number, ''::varchar as cell,
                    null::struct(code varchar, "column" varchar, "value" varchar)[] as faults, ''::varchar as sent
                limit 0)
            to '{path}' (format parquet, compression zstd)""")
        return path.read_bytes()


def _write_warnings(con: duckdb.DuckDBPyConnection, warnings: list[receipts.RowFault], staged: Path) -> None:
    """warnings.parquet: row_number BIGINT, rule_id, column_name (agreed), value (as shown in the receipt) VARCHAR."""
    listed = [
        [w.row for w in warnings],
        [w.code for w in warnings],
        [w.name for w in warnings],
        [w.value for w in warnings],
    ]
    con.execute(
        """
        create temp table warnings_listed as
        select unnest(?::bigint[]) as row_number, unnest(?::varchar[]) as rule_id, unnest(?::varchar[]) as column_name,
            unnest(?::varchar[]) as value""",
        listed,
    )
    con.execute(f"copy warnings_listed to '{staged / 'warnings.parquet'}' (format parquet, compression zstd)")
