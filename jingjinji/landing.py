"""The landing zone: archive the bytes, conform the delivery, commit it by one rename.

There is no shared state file: a delivery is a folder, a conforming of it is a sub-folder `v<NNNN>` that appears finished or not at
all, and the highest one is current. So any number of landings can run at once, and a repeated landing is harmless.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from jingjinji import casting, receipts
from jingjinji.conform import Plan, faults_sql, plan
from jingjinji.contracts import Feed, Standard, load_contracts, rule_set_version
from jingjinji.detect import Detected, UnreadableError, detect
from jingjinji.paths import Home, home
from jingjinji.readers import Sheet, read

COUNTS = ("received", "accepted", "quarantined", "duplicate", "ignored", "refused")
SECRECY = re.compile(r"密级[：:\s]*(?!非密|无|公开|内部公开)(\S+)|(绝密|机密|秘密)\s*(?:★|☆|级|\d|$)")
NOT_SECRET = ("非密", "公开", "无")


class HomeError(ValueError):
    """The home holds data of the other origin; use another JJJ_HOME."""


@dataclass(frozen=True)
class Outcome:
    """What became of one received file. `rows` holds the counts of COUNTS; `is_new` says whether the landing zone changed."""

    feed_id: str
    file_name: str
    status: str
    is_new: bool
    delivery_id: str
    rows: dict[str, int]
    receipt: Path | None
    messages: tuple[dict[str, str], ...] = ()
    version: int = 0


@dataclass
class _Judgement:
    """Result of conforming one delivery, before it is committed."""

    rows: dict[str, int]
    status: str = "accepted"
    messages: list[dict[str, str]] = field(default_factory=list)
    faults: list[receipts.RowFault] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    keep_bytes: bool = True


def now() -> dt.datetime:
    """Wall-clock time of Asia/Shanghai without a zone, to the second."""
    return dt.datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)


# ---------------------------------------------------------------- landing


def land(
    feed_id: str, path: Path, *, period: str | None = None, data_origin: str = "real", dry_run: bool = False
) -> Outcome:
    """Take one received file into the landing zone.

    Args:
        feed_id: `<dataset>/<region>`.
        path: the file; it is copied, never changed or removed.
        period: what the delivery is for; default from the file name where the feed says how. The same bytes for another
            period are another delivery.
        data_origin: `real` or `simulated`; a home holds one of them only.
        dry_run: judge and say, but keep nothing.

    Returns:
        Outcome; `rows` adds up: received = accepted + quarantined + duplicate + ignored + refused.

    Raises:
        ContractError: there is no such feed.
        HomeError: the home holds data of the other origin.
        FileNotFoundError: no such file.
    """
    contracts, place = load_contracts(), home()
    feed = contracts.feed(feed_id)
    standard = contracts.standard_of(feed)
    check_origin(place, data_origin, keep=not dry_run)
    scratch = place.root / "landing" / "tmp" / uuid.uuid4().hex
    scratch.mkdir(parents=True)
    try:
        digest = _copy_hashed(path, scratch / "bytes")
        period = period or _period(feed, path.name)
        delivery_id = hashlib.sha256(f"{feed_id}\n{period or ''}\n{digest}".encode()).hexdigest()[:16]
        folder = place.deliveries / feed_id / delivery_id
        rules = rule_set_version(standard, feed)
        earlier = current_manifest(folder)
        if earlier and not (earlier["status"] == "refused" and earlier["rule_set_version"] != rules):
            return _repeated(folder, earlier, path.name, keep=not dry_run)
        identity = {
            "delivery_id": delivery_id, "feed_id": feed_id, "dataset": feed.dataset, "region": feed.region,
            "file_name": path.name, "file_sha256": digest, "file_bytes": path.stat().st_size, "period": period,
            "data_origin": data_origin, "rule_set_version": rules,
        }  # fmt: skip
        return _conform_and_commit(place, standard, feed, scratch, identity, folder, dry_run)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def land_inbox(feed_id: str) -> list[Outcome]:
    """Land everything that lies in the inbox of one feed, oldest name first; a refused file does not stop the others."""
    feed = load_contracts().feed(feed_id)
    return [land(feed_id, path) for path in inbox_files(feed)]


def inbox_files(feed: Feed) -> list[Path]:
    """Files of the feed's inbox, without notes about their source and without half-uploaded ones."""
    folder = home().inbox / feed.feed_id
    names = sorted(p.name for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []
    skipped = (".*", "*.source.yml", "*.part", "*.tmp", "~$*")
    return [
        folder / n for n in names if fnmatch.fnmatch(n, feed.files) and not any(fnmatch.fnmatch(n, s) for s in skipped)
    ]


def check_origin(place: Home, data_origin: str, *, keep: bool = True) -> None:
    """Simulated and real data never meet: the first landing decides what a home is.

    Raises:
        HomeError: the home is of the other origin.
    """
    if data_origin not in ("real", "simulated"):
        raise HomeError(f"data origin is 'real' or 'simulated', not {data_origin!r}")
    if place.marker.exists():
        held = json.loads(place.marker.read_text(encoding="utf-8"))["data_origin"]
        if held != data_origin:
            raise HomeError(f"{place.root} holds {held} data and refuses {data_origin}; set JJJ_HOME to another folder")
    elif keep:
        place.root.mkdir(parents=True, exist_ok=True)
        marker = place.marker.with_name(f"home.{uuid.uuid4().hex}.tmp")
        marker.write_text(json.dumps({"data_origin": data_origin}) + "\n", encoding="utf-8")
        try:
            os.link(marker, place.marker)
        except FileExistsError:
            check_origin(place, data_origin)
        finally:
            marker.unlink()


def _copy_hashed(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as read_from, target.open("wb") as write_to:
        while block := read_from.read(1 << 20):
            digest.update(block)
            write_to.write(block)
        write_to.flush()
        os.fsync(write_to.fileno())
    return digest.hexdigest()


def _period(feed: Feed, name: str) -> str | None:
    found = re.search(feed.period.file_name, name) if feed.period else None
    return found.group(1) if found else None


def _repeated(folder: Path, earlier: dict[str, Any], file_name: str, *, keep: bool) -> Outcome:
    """The same delivery came again: note that it came, change nothing."""
    if keep:
        came = folder / "received" / f"{now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}.json"
        came.parent.mkdir(exist_ok=True)
        came.write_text(
            json.dumps({"received_at": now().isoformat(), "file_name": file_name}, ensure_ascii=False) + "\n"
        )
    received = earlier["rows"]["received"]
    refused = earlier["status"] == "refused"
    rows = dict.fromkeys(COUNTS, 0) | {"received": received, "refused" if refused else "duplicate": received}
    messages = tuple(earlier["messages"]) if refused else (
        _message("I01", f"与{earlier['landed_at']}已收到的报送完全相同，未作任何改动", "无需处理"),
    )  # fmt: skip
    if earlier["status"] == "withdrawn":
        messages = (_message("I02", f"该报送已于{earlier['landed_at']}撤回", "如需恢复，请用 jjj reland --restore"),)
    receipt = folder / f"v{earlier['version']:04d}" / "receipt.json"
    status = "refused" if refused else "duplicate"
    return Outcome(
        earlier["feed_id"],
        file_name,
        status,
        False,
        earlier["delivery_id"],
        rows,
        receipt,
        messages,
        earlier["version"],
    )


def _conform_and_commit(
    place: Home, standard: Standard, feed: Feed, scratch: Path, identity: dict[str, Any], folder: Path, dry_run: bool
) -> Outcome:
    staged = scratch / "staged"
    staged.mkdir()
    landed_at = now()
    judgement = _judge(standard, feed, scratch, staged, identity, landed_at)
    version = _latest_version(folder) + 1
    manifest = identity | {
        "version": version, "landed_at": landed_at.isoformat(), "status": judgement.status, "rows": judgement.rows,
        "messages": judgement.messages, **judgement.facts,
    }  # fmt: skip
    summary = {key: manifest[key] for key in (
        "feed_id", "delivery_id", "version", "file_name", "file_sha256", "period", "landed_at", "status", "rows",
        "rule_set_version", "data_origin", "messages",
    )} | {"title": feed.title.zh, "sender": feed.sender}  # fmt: skip
    receipts.write(staged, summary, judgement.faults)
    _write_json(staged / "delivery.json", manifest)
    receipt: Path | None = None
    if not dry_run:
        if judgement.keep_bytes:
            _archive(place, scratch / "bytes", identity["file_sha256"])
        if not _commit(staged, folder, version):
            earlier = current_manifest(folder)
            assert earlier
            return _repeated(folder, earlier, identity["file_name"], keep=True)
        receipt = folder / f"v{version:04d}" / "receipt.json"
    return Outcome(
        feed.feed_id, identity["file_name"], judgement.status, not dry_run, identity["delivery_id"], judgement.rows, receipt,
        tuple(judgement.messages), version,
    )  # fmt: skip


# ---------------------------------------------------------------- judging one delivery


def _message(code: str, message: str, fix: str) -> dict[str, str]:
    return {"code": code, "message": message, "fix": fix}


def _judge(
    standard: Standard, feed: Feed, scratch: Path, staged: Path, identity: dict[str, Any], landed_at: dt.datetime
) -> _Judgement:
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
        judgement = _Judgement(_counts(con), facts={"detected": asdict(detected), "titles": sheet.titles})
        judgement.messages += _notes(feed, identity["file_name"], detected)
        judgement.faults = _row_faults(con, standard, todo)
        _refuse_if_too_many(judgement, feed)
        if judgement.status == "accepted":
            _write_parquet(con, standard, todo, sheet, staged, identity["delivery_id"], landed_at)
        return judgement


def _refused(received: int, error: UnreadableError) -> _Judgement:
    rows = dict.fromkeys(COUNTS, 0) | {"received": received, "refused": received}
    keep = error.code != "F08"
    return _Judgement(rows, "refused", [_message(error.code, error.message, error.fix)], keep_bytes=keep)


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
        notes.append(_message("N01", text, "请按约定的格式报送"))
    elif detected.encoding and detected.encoding.removesuffix("-sig") != feed.encoding:
        text = f"文件{file_name}实际编码是{detected.encoding}，约定是{feed.encoding}；已按实际编码读取"
        notes.append(_message("N02", text, "请按约定的编码报送"))
    return notes


def _row_faults(con: duckdb.DuckDBPyConnection, standard: Standard, todo: Plan) -> list[receipts.RowFault]:
    headers = {b.name: b.header for b in todo.bounds}
    key = quote_key = next(iter(standard.key))
    conflict = f"[{{'code': 'R07', 'column': '{quote_key}', 'value': {key}::varchar}}]"
    found = con.execute(f"""
        select row_number, cell, case when is_conflict then {conflict} else {faults_sql(todo.faults)} end
        from verdicts where verdict = 'quarantined' order by row_number, cell""").fetchall()
    return [receipts.describe(standard, headers, row, cell, fault) for row, cell, faults in found for fault in faults]


def _refuse_if_too_many(judgement: _Judgement, feed: Feed) -> None:
    rows = judgement.rows
    judged = rows["received"] - rows["ignored"]
    unknown = [f for f in judgement.faults if f.code == "R05"]
    if feed.unknown_code == "refuse" and unknown:
        first = unknown[0]
        text = f"第{first.row}行：{first.message}；本数据约定含未知代码即整批退回"
        judgement.messages.append(_message("F13", text, first.fix))
    elif judged and rows["quarantined"] / judged > feed.max_reject_share:
        share = f"{rows['quarantined']}/{judged}行有错，超过约定的上限{feed.max_reject_share:.0%}"
        judgement.messages.append(_message("F07", f"整批退回：{share}", "请按逐行说明修改后整批重新报送"))
    else:
        return
    judgement.status = "refused"
    judgement.rows = dict.fromkeys(COUNTS, 0) | {"received": rows["received"], "refused": rows["received"]}


def _write_parquet(
    con: duckdb.DuckDBPyConnection,
    standard: Standard,
    todo: Plan,
    sheet: Sheet,
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


# ---------------------------------------------------------------- committing


def _latest_version(folder: Path) -> int:
    return max((int(p.name[1:]) for p in folder.glob("v[0-9]*") if (p / "delivery.json").exists()), default=0)


def current_manifest(folder: Path) -> dict[str, Any] | None:
    """`delivery.json` of the current version of one delivery, or None when nothing was committed there."""
    version = _latest_version(folder)
    if not version:
        return None
    manifest: dict[str, Any] = json.loads((folder / f"v{version:04d}" / "delivery.json").read_text(encoding="utf-8"))
    return manifest


def current_deliveries(place: Home | None = None) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder of the current version and manifest of every delivery, in the order of their ids."""
    for folder in sorted((place or home()).deliveries.glob("*/*/*")):
        manifest = current_manifest(folder)
        if manifest:
            yield folder / f"v{manifest['version']:04d}", manifest


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")


def _archive(place: Home, source: Path, digest: str) -> None:
    target = place.archive / digest[:2] / digest
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.chmod(source, 0o444)
        os.replace(source, target)


def _commit(staged: Path, folder: Path, version: int) -> bool:
    """Make the finished folder visible by one rename; False when somebody else committed this version first."""
    for path in staged.iterdir():
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.chmod(0o444)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"v{version:04d}"
    try:
        os.rename(staged, target)
    except OSError:
        if (target / "delivery.json").exists():
            return False
        raise
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    return True
