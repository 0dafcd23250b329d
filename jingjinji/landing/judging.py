"""Judging deliveries: read them, run the conforming statement, count, and have written what was accepted and what was not.

Works in scratch folders only; what becomes of the result is `landing.py`'s business.
"""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Feed, Standard
from jingjinji.landing import receipts, secrecy, staging, writing
from jingjinji.landing.conform import OTHER_HEADER, Plan, plan
from jingjinji.landing.detect import Detected, UnreadableError, detect, is_large
from jingjinji.landing.readers import read, refuse_unsplittable
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
    duplicates: list[receipts.RowFault] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    keep_bytes: bool = True


def message(code: str, text: str, fix: str) -> dict[str, str]:
    """One line of a receipt about the whole delivery."""
    return {"code": code, "message": masked(text), "fix": masked(fix)}


@dataclass(frozen=True)
class Delivery:
    """Bytes on their way in: they lie in `scratch` as `bytes`, what is made of them goes to `scratch/staged`.

    `identity` is what the manifest says of them before they are judged; `folder` and `version` where the result belongs.
    """

    scratch: Path
    identity: dict[str, Any]
    folder: Path
    version: int

    @property
    def staged(self) -> Path:
        return self.scratch / "staged"


@dataclass(frozen=True)
class _Opened:
    """A delivery that could be read: what it is, what is to be done with it, and its number among those judged with it."""

    delivery: Delivery
    of_file: int
    detected: Detected
    sheet: Sheet


def judge(standard: Standard, feed: Feed, deliveries: Sequence[Delivery], landed_at: dt.datetime) -> list[Judgement]:
    """Read, cast and judge; writes accepted.parquet and quarantined.parquet of each that is not refused, in their order.

    warnings.parquet lies beside them where a taken row breaks a rule of severity `warning`. Small deliveries are judged
    together, which changes nothing but the time it takes.
    """
    small = [one for one in deliveries if not is_large(one.scratch / "bytes")]
    judged = dict(zip(map(id, small), _judge_small(standard, feed, small, landed_at), strict=True))
    return [judged.get(id(one)) or _judge_large(standard, feed, one, landed_at) for one in deliveries]


def _judge_large(standard: Standard, feed: Feed, delivery: Delivery, landed_at: dt.datetime) -> Judgement:
    with staging.connection(delivery.scratch) as con:
        opened = None
        try:
            opened = _open(con, feed, delivery, 0)
            todo = plan(standard, feed, opened.sheet, landed_at)
            _refuse_marked_column(con, todo, opened.sheet)
            _stage(con, opened, todo)
        except Exception as error:
            return _failed(delivery, error, _count_rows(con, opened))
        staging.decide(con, standard)
        counts = _counts(con)
        to_tell = "verdict = 'quarantined' or (verdict = 'accepted' and is_warned)"
        staging.spell(con, opened.sheet, todo, to_tell if _has_told(counts) else "false")
        con.execute("set preserve_insertion_order = false")  # the bytes are not read any more: every row has its number
        writing.sort_out(con, standard, todo, is_large=True)
        (judgement,) = _concluded(con, standard, feed, todo, [opened], counts, landed_at, order="")
        return judgement


def _stage(con: duckdb.DuckDBPyConnection, opened: _Opened, todo: Plan) -> None:
    """Make `judged`; a delimited text is read through here for the first time."""
    try:
        staging.stage(con, opened.delivery.scratch, opened.sheet, todo)
    except duckdb.Error:
        if opened.detected.format == "csv":
            refuse_unsplittable(con)
        raise
    if opened.detected.format == "csv":
        refuse_unsplittable(con, is_read=True)


def _judge_small(
    standard: Standard, feed: Feed, deliveries: Sequence[Delivery], landed_at: dt.datetime
) -> list[Judgement]:
    """One table and one statement for all whose headers are the same."""
    judged: dict[int, Judgement] = {}
    groups: dict[tuple[Any, ...], tuple[str, Plan, list[_Opened]]] = {}
    with ExitStack() as tables:
        for number, delivery in enumerate(deliveries):
            with staging.connection() as con:
                opened = None
                try:
                    opened = _open(con, feed, delivery, number)
                    like = (opened.sheet.headers, opened.sheet.spare, opened.sheet.epoch_1904)
                    if like not in groups:
                        todo = plan(standard, feed, opened.sheet, landed_at)
                        table = tables.enter_context(staging.gathering(opened.sheet))
                        groups[like] = (table, todo, [])
                    _refuse_marked_column(con, groups[like][1], opened.sheet)
                    if opened.detected.format == "csv":
                        refuse_unsplittable(con)
                    staging.gather(con, groups[like][0], number, opened.sheet)
                    groups[like][2].append(opened)
                except Exception as error:
                    judged[number] = _failed(delivery, error, _count_rows(con, opened))
        for table, todo, members in groups.values():
            judged |= _judge_gathered(standard, feed, (table, todo, members), landed_at)
    return [judged[number] for number in range(len(deliveries))]


def _judge_gathered(
    standard: Standard, feed: Feed, gathered: tuple[str, Plan, list[_Opened]], landed_at: dt.datetime
) -> dict[int, Judgement]:
    table, todo, members = gathered
    with staging.connection() as con:
        try:
            staging.stage_gathered(con, table, todo)
        except Exception as error:
            if len(members) > 1:  # which of them it is shows when each is judged alone
                alone = [_judge_small(standard, feed, [one.delivery], landed_at)[0] for one in members]
                return {one.of_file: judgement for one, judgement in zip(members, alone, strict=True)}
            rows = con.execute(f"select count(*) from {table}").fetchone()
            return {members[0].of_file: _failed(members[0].delivery, error, int(rows[0]) if rows else 0)}
        staging.decide(con, standard)
        writing.sort_out(con, standard, todo, is_large=False)
        judged = _concluded(con, standard, feed, todo, members, _counts(con), landed_at, order="order by row_number")
        return {one.of_file: judgement for one, judgement in zip(members, judged, strict=True)}


# ---------------------------------------------------------------- reading


def _open(con: duckdb.DuckDBPyConnection, feed: Feed, delivery: Delivery, of_file: int) -> _Opened:
    """Make the relation `cells` from the bytes."""
    path = delivery.scratch / "bytes"
    detected = detect(path, feed.encoding)
    if detected.format != "xlsx":  # which is searched while it is unpacked
        secrecy.refuse_secret(path, detected)
    return _Opened(delivery, of_file, detected, read(con, path, detected, feed, delivery.scratch))


def _refuse_marked_column(con: duckdb.DuckDBPyConnection, todo: Plan, sheet: Sheet) -> None:
    """What stands in the column 密级, where the sender has one."""
    if not todo.secrecy_cell:
        return
    skipped = f"offset {sheet.first_row - sheet.offset - 1}"
    marks = con.execute(
        f"select distinct mark from (select {todo.secrecy_cell} as mark from cells {skipped})"
    ).fetchall()
    secrecy.refuse_marked(secrecy.marks_of_column(mark for (mark,) in marks))


def _failed(delivery: Delivery, error: Exception, received: int) -> Judgement:
    """A refusal. One file that breaks the program must not stop the other files and feeds."""
    if isinstance(error, UnreadableError):
        return _refused(received, error)
    where = "".join(traceback.format_tb(error.__traceback__))  # without the message, which may quote the content
    log.error("%s cannot be judged: %s\n%s", delivery.identity["delivery_id"], type(error).__name__, where)
    text = f"程序无法读取该文件（{type(error).__name__}），内容已存档，未入库"
    return _refused(received, UnreadableError("F99", text, "请联系数据工程师，并附上本回执"))


def _refused(received: int, error: UnreadableError) -> Judgement:
    rows = row_account(received=received, refused=received)
    keep = error.code != "F08"
    return Judgement(rows, "refused", [message(error.code, error.message, error.fix)], keep_bytes=keep)


def _count_rows(con: duckdb.DuckDBPyConnection, opened: _Opened | None) -> int:
    """Rows of data of a delivery that is refused; all rows where no header was found, 0 when not even rows could be told apart."""
    above = opened.sheet.first_row - opened.sheet.offset - 1 if opened else 0
    try:
        found = con.execute(f"select greatest(count(*) - {above}, 0) from cells").fetchone()
    except duckdb.Error:
        return 0
    return int(found[0]) if found else 0


def _counts(con: duckdb.DuckDBPyConnection) -> dict[int, dict[str, int]]:
    """Row account by number of the delivery."""
    found = con.execute("select of_file, verdict, count(*), count_if(is_warned) from verdicts group by all").fetchall()
    counts: dict[int, dict[str, int]] = defaultdict(row_account)
    for of_file, verdict, rows, warned in found:
        counts[of_file][verdict] = rows
        counts[of_file]["received"] += rows
        counts[of_file][WARNED] += warned if verdict == "accepted" else 0
    return counts


def _has_told(counts: dict[int, dict[str, int]]) -> bool:
    return any(rows["quarantined"] or rows[WARNED] for rows in counts.values())


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


def _concluded(
    con: duckdb.DuckDBPyConnection, standard: Standard, feed: Feed, todo: Plan, members: Sequence[_Opened],
    counts: dict[int, dict[str, int]], landed_at: dt.datetime, order: str,
) -> list[Judgement]:  # fmt: skip
    """Say what became of each delivery and write it, unless it is refused as a whole."""
    told: dict[str, dict[int, list[receipts.RowFault]]] = {}
    hidden = _personal_values(con, standard, todo) if _has_told(counts) else frozenset()
    for label, listed, verdict in (("quarantined", "shown", "quarantined"), (WARNED, "warnings", "accepted")):
        is_any = any(rows[label] for rows in counts.values())
        told[label] = _described(con, standard, todo, (listed, verdict), len(members), hidden) if is_any else {}
    copies = _copies(con) if any(rows["duplicate"] for rows in counts.values()) else {}
    judgements = []
    for one in members:
        judgement = Judgement(counts[one.of_file], facts={"detected": asdict(one.detected), "titles": one.sheet.titles})
        judgement.messages += _notes(feed, one.delivery.identity["file_name"], one.detected, one.sheet)
        judgement.messages += _too_many_to_list(judgement.rows)
        judgement.faults = told["quarantined"].get(one.of_file, [])
        judgement.warnings = told[WARNED].get(one.of_file, [])
        judgement.duplicates = copies.get(one.of_file, [])
        _refuse_if_too_many(judgement, feed)
        _write(con, one, judgement, landed_at, order)
        judgements.append(judgement)
    return judgements


def _write(
    con: duckdb.DuckDBPyConnection, one: _Opened, judgement: Judgement, landed_at: dt.datetime, order: str
) -> None:
    if judgement.status != "accepted":
        judgement.warnings = judgement.duplicates = []
        return
    staged, delivery_id = one.delivery.staged, one.delivery.identity["delivery_id"]
    writing.write_accepted(con, staged, one.of_file, (delivery_id, landed_at), order)
    writing.write_quarantined(con, staged, one.of_file, delivery_id, judgement.rows["quarantined"])
    if judgement.warnings:
        writing.write_warnings(con, judgement.warnings, staged)


def _too_many_to_list(rows: dict[str, int]) -> list[dict[str, str]]:
    longest = max(rows["quarantined"], rows[WARNED], rows["duplicate"])
    if longest <= LISTED:
        return []
    text = f"有{longest}行需要说明，回执只逐行列出前{LISTED}行；总数以行数统计为准"
    return [message("N04", text, "请按已列出的原因整批核对后重新报送")]


def _described(
    con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan, what: tuple[str, str], deliveries: int, hidden: frozenset[str]
) -> dict[int, list[receipts.RowFault]]:  # fmt: skip
    """Faults or warnings in words by number of the delivery; `what` is (column of `told`, verdict)."""
    headers = {b.name: b.header for b in todo.bounds}
    # The first rows of the only delivery are found without sorting all.
    first = f"limit {LISTED}"
    if deliveries > 1:
        first = f"qualify row_number() over (partition by of_file order by row_number, cell) <= {LISTED}"
    rows = f"select of_file, row_number, cell, {what[0]} from told where verdict = '{what[1]}'"
    order = "order by of_file, row_number, cell"
    told: dict[int, list[receipts.RowFault]] = defaultdict(list)
    found = con.execute(f"{rows} {order} {first}" if deliveries == 1 else f"{rows} {first} {order}").fetchall()
    for of_file, row, cell, faults in found:
        told[of_file] += receipts.describe(standard, headers, (row, cell), faults, hidden)
    return told


def _personal_values(con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan) -> frozenset[str]:
    """What stands in personal columns: it may have slipped into another one."""
    personal = [f"t_{b.name}" for b in todo.bounds if standard.columns[b.name].personal]
    if not personal:
        return frozenset()
    found = con.execute(f"select distinct unnest([{', '.join(personal)}]) from spelled").fetchall()
    return frozenset(value for (value,) in found if value)


def _copies(con: duckdb.DuckDBPyConnection) -> dict[int, list[receipts.RowFault]]:
    """Rows that say again what another row of their delivery says, by number of the delivery."""
    listed: dict[int, list[receipts.RowFault]] = defaultdict(list)
    found = con.execute(f"""
        select of_file, row_number, other_row from verdicts where verdict = 'duplicate'
        qualify row_number() over (partition by of_file order by row_number) <= {LISTED} order by of_file, row_number""")
    for of_file, row, other in found.fetchall():
        listed[of_file].append(receipts.copy_of(row, other))
    return listed


def _refuse_if_too_many(judgement: Judgement, feed: Feed) -> None:
    rows = judgement.rows
    judged = rows["received"] - rows["ignored"]
    unknown = [f for f in judgement.faults if f.code == "R05"]
    header = next((f for f in judgement.faults if f.code == OTHER_HEADER), None)
    if header:
        text = f"第{header.row}行又是一行表头，各列的顺序与第一行表头不同，其后的行无法可靠读取"
        judgement.messages.append(message("F17", text, header.fix))
    elif feed.unknown_code == "refuse" and unknown:
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
