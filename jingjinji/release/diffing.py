"""What a release changed: per mart the rows inserted, updated and removed, and each changed value with the deliveries behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import duckdb
from pydantic import BaseModel, ConfigDict

from jingjinji.paths import home
from jingjinji.release.copying import MARTS, RELEASE_INFO, literal, quoted
from jingjinji.release.marts import MartColumn
from jingjinji.release.store import (
    OF_EACH_RUN,
    WAREHOUSE,
    Release,
    ReleasedTable,
    ReleaseError,
    current_release,
    read_release,
)

# How many changes of one mart are spelled out; all are counted. A first release would otherwise repeat its marts.
LISTED = 2000
# Of these the summary spells out numbers only, so that what people look for is not lost among texts and times.
SUMMARISED = 15
NUMBERS = ("INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE")
LINEAGE_ENDINGS = (
    "delivery_id",
    "delivery_ids",
    "row_number",
    "report_number",
    "conform_version",
    "landed_at",
    "run_id",
)
# A report is the line it came from. Its number is not what tells it apart: all later ones move when one comes or goes before them.
NUMBER, LINE, TOLD_AGAIN = "report_number", ("delivery_id", "row_number"), ("is_restated", "known_from")
_KIND_ZH = {"insert": "新增", "update": "修改", "remove": "撤下"}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(_Frozen):
    """One value that changed (`update`), or one row that came or went. Values as text, None for NULL."""

    kind: Literal["insert", "update", "remove"]
    key: dict[str, Any]
    column: str | None
    old: str | None
    new: str | None
    delivery_ids: tuple[str, ...]


class TableDiff(_Frozen):
    """One mart. `retraced` counts rows of which only the lineage changed; `changes` lists at most `LISTED`."""

    table: str
    key: tuple[str, ...]
    inserted: int
    updated: int
    removed: int
    retraced: int = 0
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    changes_total: int = 0


class ReleaseDiff(_Frozen):
    """`diff.json`. `from_release` is None for the first release, which has nothing to differ from."""

    from_release: str | None
    to_release: str
    deliveries_new: tuple[str, ...]
    deliveries_gone: tuple[str, ...]
    deliveries_changed: tuple[str, ...]
    tables: tuple[TableDiff, ...]
    summary_zh: tuple[str, ...] = ()


def diff(old_id: str | None = None, new_id: str | None = None) -> ReleaseDiff:
    """Compare two releases that are on disk: by default the current one with its parent, or the current one with `old_id`.

    Raises:
        ReleaseError: There is no such release, or there is only one.
    """
    releases = home().releases
    new = read_release(new_id) if new_id else current_release()
    if new is None:
        raise ReleaseError("there is no release yet; run `jjj build`, `jjj check` and `jjj release create`")
    old_id = old_id or new.parent_release_id
    return diff_files(read_release(old_id) if old_id else None, new, releases)


def told(release_id: str) -> tuple[str, ...]:
    """The lines of the `diff.json` that was written with a release: its parent may be gone."""
    path = home().releases / release_id / "diff.json"
    return ReleaseDiff.model_validate_json(path.read_text(encoding="utf-8")).summary_zh


def diff_files(old: Release | None, new: Release, releases: Path, new_warehouse: Path | None = None) -> ReleaseDiff:
    """Compare two releases.

    Args:
        old: None for a first release: its rows are counted as inserted, not listed.
        new: The later one.
        releases: The folder of the releases.
        new_warehouse: Where the file of `new` is while it is not in its place yet.
    """
    with duckdb.connect() as con:
        if old:
            _attach(con, releases / old.release_id / WAREHOUSE, "before")
        _attach(con, new_warehouse or releases / new.release_id / WAREHOUSE, "after")
        names = sorted(((old.tables.keys() if old else set()) | new.tables.keys()) - OF_EACH_RUN - {RELEASE_INFO})
        tables = [_compare(con, name, old.tables.get(name) if old else None, new.tables.get(name)) for name in names]
    before = {d.delivery_id: d for d in old.deliveries} if old else {}
    after = {d.delivery_id: d for d in new.deliveries}
    found = ReleaseDiff(
        from_release=old.release_id if old else None,
        to_release=new.release_id,
        deliveries_new=tuple(sorted(after.keys() - before.keys())),
        deliveries_gone=tuple(sorted(before.keys() - after.keys())),
        deliveries_changed=tuple(sorted(d for d in after.keys() & before.keys() if after[d] != before[d])),
        tables=tuple(table for table in tables if table),
    )
    return found.model_copy(update={"summary_zh": tuple(summary_zh(found, old, new))})


def write_diff(found: ReleaseDiff, path: Path) -> None:
    """Write `diff.json`."""
    path.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")


def summary_zh(found: ReleaseDiff, old: Release | None, new: Release) -> list[str]:
    """The difference in Chinese lines, headline first."""
    before = found.from_release or "无（首次发布）"
    lines = [f"发布 {found.to_release}，对比 {before}：{_deliveries_line(found, old, new)}。"]
    if not found.tables:
        lines.append("各集市数据没有变化。")
    for table in found.tables:
        lines.append(_table_line(table))
        released = new.tables.get(table.table) or (old.tables.get(table.table) if old else None)
        columns = {column.name: column for column in released.facts.columns} if released else {}
        told = [c for c in table.changes if c.kind == "remove" or _is_number(c, columns)][:SUMMARISED]
        lines.extend(
            _change_line(change, {name: column.zh or name for name, column in columns.items()}) for change in told
        )
        if (more := table.changes_total - len(told)) > 0 and found.from_release:
            lines.append(f"    其余 {more} 处见 jjj release diff --format json")
    return lines


def _is_number(change: Change, columns: dict[str, MartColumn]) -> bool:
    return change.column is not None and columns[change.column].type.startswith(NUMBERS)


def _deliveries_line(found: ReleaseDiff, old: Release | None, new: Release) -> str:
    """Which deliveries made the difference; a first release only counts them."""
    if old is None:
        return f"采用交付 {len(found.deliveries_new)} 个"
    known = {delivery.delivery_id: delivery for delivery in old.deliveries + new.deliveries}
    groups = {"新增": found.deliveries_new, "去除": found.deliveries_gone, "重新整理或撤回": found.deliveries_changed}
    parts = []
    for word, ids in groups.items():
        named = "、".join(f"{i} {known[i].feed_id} {known[i].status}" for i in ids[:SUMMARISED])
        parts.append(f"{word}交付 {len(ids)} 个{f'（{named}）' if ids else ''}")
    return "，".join(parts)


def _table_line(table: TableDiff) -> str:
    line = f"  {table.table}：新增 {table.inserted} 行，修改 {table.updated} 行，撤下 {table.removed} 行"
    if table.retraced:
        line += f"，仅来源变化 {table.retraced} 行"
    if table.columns_added or table.columns_removed:
        line += (
            f"；新增字段 {', '.join(table.columns_added) or '无'}，取消字段 {', '.join(table.columns_removed) or '无'}"
        )
    return line


def _change_line(change: Change, names: dict[str, str]) -> str:
    key = "，".join(f"{names.get(name, name)} {value}" for name, value in change.key.items())
    behind = f"（交付 {', '.join(change.delivery_ids)}）" if change.delivery_ids else ""
    if change.column is None:
        return f"    {_KIND_ZH[change.kind]}：{key}{behind}"
    values = f"{_shown(change.old)} → {_shown(change.new)}"
    return f"    {_KIND_ZH[change.kind]}：{key}：{names.get(change.column, change.column)} {values}{behind}"


def _shown(value: str | None) -> str:
    if value is None:
        return "未报告"
    return value.rstrip("0").rstrip(".") if "." in value else value


def _attach(con: duckdb.DuckDBPyConnection, warehouse: Path, alias: str) -> None:
    if not warehouse.exists():
        raise ReleaseError(f"{warehouse} is gone, so it cannot be compared; `jjj release list` shows what is on disk")
    con.execute(f"attach {literal(str(warehouse))} as {alias} (read_only)")


def _compare(
    con: duckdb.DuckDBPyConnection, name: str, old: ReleasedTable | None, new: ReleasedTable | None
) -> TableDiff | None:
    """The difference of one mart; None where there is none."""
    if old is None or new is None:
        return TableDiff(table=name, key=(), inserted=new.rows if new else 0, updated=0, removed=old.rows if old else 0)
    if old.content_hash == new.content_hash:
        return None
    old_types = {column.name: column.type for column in old.facts.columns}
    new_types = {column.name: column.type for column in new.facts.columns}
    common = [column for column in new_types if column in old_types]
    key = _identity([column for column in new.facts.key if column in common], common)
    found = (
        _by_key(con, name, key, common, old_types, new_types)
        if key and _is_key(con, name, key)
        else _by_whole_rows(con, name, common)
    )
    return found.model_copy(
        update={
            "columns_added": tuple(sorted(new_types.keys() - old_types.keys())),
            "columns_removed": tuple(sorted(old_types.keys() - new_types.keys())),
        }
    )


def _identity(key: list[str], common: list[str]) -> list[str]:
    """What tells a row of a mart apart in two releases: its key, but the landed line in place of the number of a report."""
    if NUMBER not in key or not set(LINE) <= set(common):
        return key
    told_again = TOLD_AGAIN if set(TOLD_AGAIN) <= set(common) else ()
    return [*(column for column in key if column != NUMBER), *LINE, *told_again]


def _is_key(con: duckdb.DuckDBPyConnection, name: str, key: list[str]) -> bool:
    columns = ", ".join(quoted(column) for column in key)
    doubled = " union all ".join(
        f"select 1 from {side}.{MARTS}.{quoted(name)} group by {columns} having count(*) > 1"
        for side in ("before", "after")
    )
    return con.execute(f"select 1 from ({doubled}) limit 1").fetchone() is None


def _by_whole_rows(con: duckdb.DuckDBPyConnection, name: str, columns: list[str]) -> TableDiff:
    wanted = ", ".join(quoted(column) for column in columns)
    before, after = (f"select {wanted} from {side}.{MARTS}.{quoted(name)}" for side in ("before", "after"))
    counts = [
        con.execute(f"select count(*) from (({left}) except all ({right}))").fetchone()
        for left, right in ((after, before), (before, after))
    ]
    inserted, removed = (int(row[0]) if row else 0 for row in counts)
    return TableDiff(
        table=name, key=(), inserted=inserted, updated=0, removed=removed, changes_total=inserted + removed
    )


def _by_key(
    con: duckdb.DuckDBPyConnection,
    name: str,
    key: list[str],
    common: list[str],
    old_types: dict[str, str],
    new_types: dict[str, str],
) -> TableDiff:
    lineage = [column for column in common if column.endswith(LINEAGE_ENDINGS)]
    values = [column for column in common if column not in key and column not in lineage]
    changed = {column: _changed(column, old_types[column] == new_types[column]) for column in values}
    any_value = " or ".join(changed.values()) or "false"
    any_lineage = " or ".join(_changed(column, True) for column in lineage if column not in key) or "false"
    same_types = all(old_types[column] == new_types[column] for column in common)
    for side, other in (("before", "after"), ("after", "before")):
        rows = f"select {', '.join(map(quoted, common))} from {{}}.{MARTS}.{quoted(name)}"
        # rows that are in both releases differ in nothing; left in, a day would cost what all of history does
        less = f" except {rows.format(other)}" if same_types else ""
        con.execute(f"create or replace temp table {side}_rows as {rows.format(side)}{less}")
    con.execute(f"create or replace temp table pair as {_pair_sql(key, lineage)}")
    counts = con.execute(
        "select count(*) filter (where b is null), count(*) filter (where a is null), "
        f"count(*) filter (where b is not null and a is not null and ({any_value})), "
        f"count(*) filter (where b is not null and a is not null and not ({any_value}) and ({any_lineage})) from pair"
    ).fetchone()
    assert counts is not None  # an aggregate without GROUP BY always gives a row
    inserted, removed, updated, retraced = map(int, counts)
    listed = _changes_sql(changed)
    total = con.execute(f"select count(*) from ({listed})").fetchone()
    rows = con.execute(f"select * from ({listed}) order by kind desc, key, position limit {LISTED}").fetchall()
    return TableDiff(
        table=name,
        key=tuple(key),
        inserted=inserted,
        updated=updated,
        removed=removed,
        retraced=retraced,
        changes=tuple(_change(row) for row in rows),
        changes_total=int(total[0]) if total else 0,
    )


def _pair_sql(key: list[str], lineage: list[str]) -> str:
    """Each key once, with its row before (`b`) and after (`a`) as structs; NULL where there was or is none."""
    on = " and ".join(f"b.{quoted(column)} is not distinct from a.{quoted(column)}" for column in key)
    ids = [column for column in lineage if column.endswith(("delivery_id", "delivery_ids"))]
    wanted = ", ".join(f"cast({side}.{quoted(c)} as varchar)" for c in ids for side in "ab")
    return (
        f"with b as (select row_of as b, {_columns(key, 'row_of')} from (select t as row_of from before_rows as t)), "
        f"a as (select row_of as a, {_columns(key, 'row_of')} from (select t as row_of from after_rows as t)), "
        f"pair as (select b.b, a.a, {', '.join(f'coalesce(a.{quoted(c)}, b.{quoted(c)}) as {quoted(c)}' for c in key)} "
        f"from b full join a on {on}) "
        f"select b, a, cast(to_json({{{', '.join(f'{literal(c)}: {quoted(c)}' for c in key)}}}) as varchar) as key, "
        f"cast([{wanted}] as varchar[]) as delivery_ids from pair"
    )


def _columns(names: list[str], row: str) -> str:
    return ", ".join(f"{row}.{quoted(name)} as {quoted(name)}" for name in names)


def _changed(column: str, same_type: bool) -> str:
    old, new = f"b.{quoted(column)}", f"a.{quoted(column)}"
    return (
        f"{old} is distinct from {new}"
        if same_type
        else f"cast({old} as varchar) is distinct from cast({new} as varchar)"
    )


def _changes_sql(changed: dict[str, str]) -> str:
    parts = [
        "select 'insert' as kind, key, null as col, null as old, null as new, delivery_ids, 0 as position from pair where b is null",
        "select 'remove', key, null, null, null, delivery_ids, 0 from pair where a is null",
    ]
    for position, (column, condition) in enumerate(changed.items(), start=1):
        name = quoted(column)
        parts.append(
            f"select 'update', key, {literal(column)}, cast(b.{name} as varchar), cast(a.{name} as varchar), "
            f"delivery_ids, {position} from pair where b is not null and a is not null and ({condition})"
        )
    return " union all ".join(parts)


def _change(row: tuple[Any, ...]) -> Change:
    kind, key, column, old, new, delivery_ids, _ = row
    ids = {part.strip(" []'\"") for text in delivery_ids if text for part in text.replace(",", ";").split(";")}
    return Change(
        kind=kind, key=json.loads(key), column=column, old=old, new=new, delivery_ids=tuple(sorted(ids - {""}))
    )
