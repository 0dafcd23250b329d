"""The files of a delivery: Parquet with the meaning of each field in it, changes, dictionary, code lists."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from jingjinji.codes import SEEDS
from jingjinji.export.agreements import Agreement
from jingjinji.release.copying import literal, quoted
from jingjinji.release.marts import MartColumn

ROWS_PER_GROUP = 122_880
KEEPS_UNIT = ("plain", "round")
DICTIONARY_HEADER = (
    "数据集 dataset", "字段 column", "中文名", "English name", "类型 type", "单位 unit", "代码表 code list",
    "处理方式 how", "说明 definition",
)  # fmt: skip
HOW_ZH = {"plain": "原值", "mask": "部分隐藏", "hash": "化名（散列）", "band": "分档", "round": "取整到倍数"}


def write_data(
    con: duckdb.DuckDBPyConnection, select: str, columns: Sequence[tuple[MartColumn, str]], path: Path
) -> int:
    """Write what a SELECT gives as zstd Parquet.

    Args:
        con: A connection that shows the release.
        select: The agreement's SELECT.
        columns: Facts and transform of each column, in the order of the SELECT.
        path: Where to write.

    Returns:
        The number of rows.
    """
    reader = con.execute(select).to_arrow_reader(ROWS_PER_GROUP)
    facts = {column.name: _field_facts(column, how) for column, how in columns}
    fields = [field.with_metadata(facts[field.name]) for field in reader.schema]
    return _write(reader, pa.schema(fields), path)


def write_changes(base: Path | None, data: Path, key: tuple[str, ...], path: Path) -> dict[str, int]:
    """Write what changed since the partner's last delivery: `change` (insert, update, retract) and the row.

    Args:
        base: The data file of the last delivery; None for the first, of which every row is an insert.
        data: The data file of this delivery.
        key: Columns that identify a row; empty where only whole rows can be compared, then nothing is an update.
        path: Where to write.

    Returns:
        Rows by kind of change.
    """
    schema = pq.read_schema(data)
    with duckdb.connect() as con:
        con.execute(f"create view n as select * from read_parquet({literal(str(data))})")
        con.execute(f"create view b as {_base_as(con, base)}")
        keyed = bool(key) and _is_unique(con, key)
        select = _changes_by_key(schema.names, key) if keyed else _changes_by_row(schema.names)
        _write(
            con.execute(select).to_arrow_reader(ROWS_PER_GROUP),
            schema.insert(0, pa.field("change", pa.string())),
            path,
        )
        counts = con.execute(f"select change, count(*) from ({select}) group by change").fetchall()
    return {"insert": 0, "update": 0, "retract": 0} | dict(counts)


def dictionary_rows(schemas: dict[str, list[dict[str, str]]]) -> list[tuple[str, ...]]:
    """One row per column of the delivery, as in `DICTIONARY_HEADER`."""
    names = ("name", "zh", "en", "type", "unit", "codes")
    return [
        (dataset, *(field.get(n, "") for n in names), HOW_ZH[field["how"]], field.get("definition", ""))
        for dataset, schema in schemas.items()
        for field in schema
    ]


def write_dictionary(folder: Path, rows: list[tuple[str, ...]], head: list[str]) -> None:
    """The dictionary as CSV that spreadsheets open in Chinese, and as Markdown with the terms of the agreement above it."""
    with (folder / "dictionary.csv").open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(DICTIONARY_HEADER)
        writer.writerows([_no_formula(cell) for cell in row] for row in rows)
    lines = [*head, "", _markdown_row(DICTIONARY_HEADER), _markdown_row(("---",) * len(DICTIONARY_HEADER))]
    lines += [_markdown_row(row) for row in rows]
    (folder / "dictionary.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def dictionary_head(agreement: Agreement, facts: dict[str, Any]) -> list[str]:
    """Terms of the agreement and how to read the delivery, as Markdown lines.

    Args:
        agreement: The agreement.
        facts: `delivery_id`, `release_id`, `as_of`, `base_delivery` and `data_origin` of the delivery.
    """
    notice = f"**{agreement.notice}**" if agreement.notice else ""
    as_of = (
        f"{facts['as_of']} 日终所知 (as known at the end of that day)"
        if facts["as_of"]
        else "截至发布时全部所知 (all that is known)"
    )
    origin = {"real": "实数据 (real)", "simulated": "模拟数据 (simulated)"}.get(
        facts["data_origin"], facts["data_origin"]
    )
    return [
        f"# {agreement.title.zh} · {agreement.title.en}", "", notice, "",
        f"- 交付 delivery: {facts['delivery_id']}；上次交付 base: {facts['base_delivery'] or '无 (none)'}",
        f"- 发布 release: {facts['release_id']}；时点 as of: {as_of}；数据性质 origin: {origin}",
        f"- 提供方 provider: {'、'.join(party.zh for party in agreement.provider)}；接收方 recipient: {agreement.recipient.zh}",
        f"- 用途 purpose: {agreement.purpose}",
        f"- 保存期限 retention: {agreement.retention}",
        f"- 再共享 onward sharing: {'禁止 (forbidden)' if agreement.onward_sharing == 'forbidden' else '须经提供方同意 (with consent)'}",
        f"- 校核纠错 corrections: {agreement.correction_channel}",
        "- 空值表示未报告，0 表示报告为零。NULL is not reported; 0 is reported zero.",
        "- 应用变更 changes: insert 新增、update 按主键替换、retract 删除。",
        "- 校验 verify: `python verify.py 本文件夹 --key 公钥或指纹`。",
    ]  # fmt: skip


def copy_code_lists(folder: Path, schemas: dict[str, list[dict[str, str]]]) -> None:
    """The code lists that the columns refer to, as CSV that spreadsheets open in Chinese."""
    seeds = {field["codes"].partition(".")[0] for schema in schemas.values() for field in schema if "codes" in field}
    if seeds:
        (folder / "codes").mkdir()
    for seed in sorted(seeds):
        text = (SEEDS / f"{seed}.csv").read_text(encoding="utf-8-sig")
        (folder / "codes" / f"{seed}.csv").write_text(text, encoding="utf-8-sig")


def replace_copy(source: Path, target: Path) -> None:
    """Put a copy of a file into place in one step, when it is not there already."""
    if not target.exists() or target.read_bytes() != source.read_bytes():
        draft = target.with_name(f".{target.name}.draft")
        shutil.copyfile(source, draft)
        draft.replace(target)


def _field_facts(column: MartColumn, how: str) -> dict[str, str]:
    facts = {"zh": column.zh, "en": column.en, "definition": column.definition, "how": how}
    if how in KEEPS_UNIT:
        facts |= {"unit": column.unit, "codes": column.codes}
    return {name: text for name, text in facts.items() if text}


def _write(reader: pa.RecordBatchReader, schema: pa.Schema, path: Path) -> int:
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            rows += batch.num_rows
    return rows


def _base_as(con: duckdb.DuckDBPyConnection, base: Path | None) -> str:
    """The last delivery in the columns of this one; a column that is new was NULL, one that is gone is left out."""
    if base is None:
        return "select * from n where false"
    kinds = {row[0]: row[1] for row in con.execute("describe n").fetchall()}
    there = set(pq.read_schema(base).names)
    columns = (
        f"{f'try_cast({quoted(c)} as {k})' if c in there else f'cast(null as {k})'} as {quoted(c)}"
        for c, k in kinds.items()
    )
    return f"select {', '.join(columns)} from read_parquet({literal(str(base))})"


def _is_unique(con: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> bool:
    columns = ", ".join(map(quoted, key))
    doubled = " union all ".join(f"select 1 from {side} group by {columns} having count(*) > 1" for side in "bn")
    return con.execute(f"select 1 from ({doubled}) limit 1").fetchone() is None


def _changes_by_key(names: list[str], key: tuple[str, ...]) -> str:
    on = " and ".join(f"b.{quoted(c)} is not distinct from n.{quoted(c)}" for c in key)
    differ = " or ".join(f"b.{quoted(c)} is distinct from n.{quoted(c)}" for c in names if c not in key) or "false"
    return (
        f"select 'insert' as change, n.* from n anti join b on {on} union all "
        f"select 'update' as change, n.* from n join b on {on} where {differ} union all "
        f"select 'retract' as change, b.* from b anti join n on {on} "
        f"order by change, {', '.join(map(quoted, key))}"
    )


def _changes_by_row(names: list[str]) -> str:
    columns = ", ".join(map(quoted, names))
    return (
        f"select 'insert' as change, * from (select {columns} from n except all select {columns} from b) union all "
        f"select 'retract' as change, * from (select {columns} from b except all select {columns} from n) order by all"
    )


def _no_formula(cell: str) -> str:
    """A spreadsheet would run a cell that begins like a formula."""
    return f"'{cell}" if cell[:1] in tuple("=+-@") else cell


def _markdown_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
