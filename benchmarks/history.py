"""Years of daily deliveries written straight into a landing zone, as landing would leave them; every row is invented.

Landing tens of thousands of files takes an hour and is measured elsewhere (`benchmarks/landing.py`); what is measured on this
history is what comes after it. Each region sends every dataset every day, so ten years are 10,958 deliveries per dataset.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from jingjinji.build.tables import LINEAGE, ROW_COUNTS
from jingjinji.codes import code_list
from jingjinji.contracts import Standard, load_contracts
from jingjinji.paths import Home

REGIONS = {"beijing": "110000", "tianjin": "120000", "hebei": "130000"}
LAST_DAY = dt.date(2025, 12, 31)
# Per dataset: rows per delivery, and what its columns hold. `day` is the day, `n` the row, `region` the region's code.
NOON, EVENING = "day + interval 12 hour", "day + interval 20 hour"
ROWS: dict[str, tuple[int, dict[str, str]]] = {
    # every accident is reported three times, three days in a row
    "accidents": (3, {
        "accident_id": "'A' || (epoch(day)::bigint // 86400 - n + 1) || '-' || ((epoch(day)::bigint // 86400 - n + 1) % 3)",
        "report_stage": "case n when 1 then '初报' else '续报' end",
        "accident_kind": "'{ref_accident_kinds.kind_code}'",
        # at 3, 6 and 9 o'clock: 0:00 would stand for a day without an hour
        "occurred_at": "day - to_days(cast(n - 1 as integer)) + to_hours(3 * (cast(left(region, 2) as integer) - 10))",
        "as_of_at": NOON, "reported_at": EVENING,
        "deaths_persons": "n", "injured_persons": "n + 2", "serious_injuries_persons": "1", "direct_loss_cny": "100000 * n",
    }),
    # an event goes on for ten days; the province and one unit of it report
    "disaster_losses": (1, {
        "event_id": "'E' || (epoch(day)::bigint // 864000)", "unit_code": "region", "report_stage": "'续报'",
        "disaster_kind": "'{ref_disaster_kinds.kind_code}'", "as_of_at": NOON, "reported_at": EVENING,
        "affected_persons": "1000 + dayofyear(day)", "deaths_persons": "1", "missing_persons": "0",
        "crop_affected_ha": "dayofyear(day)", "direct_loss_cny": "1000000 * dayofyear(day)",
    }),
    "teams": (5, {
        "team_id": "'T' || ((epoch(day)::bigint // 86400) % 30 * 5 + n)", "team_name": "'虚构救援队' || n",
        "members_count": "20 + n", "members_available_count": "10 + dayofyear(day) % 10", "as_of_at": NOON, "reported_at": EVENING,
    }),
    "supplies": (10, {
        "warehouse_id": "'W' || ((epoch(day)::bigint // 86400) % 30)", "item_code": "'10101' || lpad(cast(n as varchar), 2, '0')",
        "lot_number": "'L' || n", "storage_kind": "'实物'", "quantity_unit": "'{ref_supply_units.unit}'",
        "on_hand_quantity": "100 + dayofyear(day) % 7", "reserved_quantity": "0", "as_of_at": NOON, "reported_at": EVENING,
    }),
    "supply_movements": (3, {
        "movement_id": "'M' || strftime(day, '%Y%m%d') || '-' || n", "warehouse_id": "'W' || ((epoch(day)::bigint // 86400) % 30)",
        "item_code": "'10101' || lpad(cast(n as varchar), 2, '0')", "lot_number": "'L' || n", "storage_kind": "'实物'",
        "movement_kind": "'入库'", "quantity": "5", "quantity_unit": "'{ref_supply_units.unit}'",
        "moved_at": NOON, "reported_at": EVENING,
    }),
    "experts": (2, {
        "expert_id": "'X' || ((epoch(day)::bigint // 86400) % 50 * 2 + n)", "specialty": "'{ref_expert_specialties.specialty_code}'",
        "as_of_at": NOON, "reported_at": EVENING,
    }),
}  # fmt: skip


def write_history(place: Home, days: list[dt.date]) -> int:
    """Deliveries of these days for every dataset that is both agreed and known here; returns their number."""
    place.root.mkdir(parents=True, exist_ok=True)
    place.marker.write_text('{"data_origin": "simulated"}\n', encoding="utf-8")
    standards = load_contracts().standards
    return sum(_write_dataset(place, standards[dataset], days) for dataset in ROWS if dataset in standards)


def days_back(years: int, last: dt.date = LAST_DAY) -> list[dt.date]:
    """All days of so many years up to and with `last`."""
    first = last.replace(year=last.year - years) + dt.timedelta(days=1)
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _write_dataset(place: Home, standard: Standard, days: list[dt.date]) -> int:
    rows, _ = ROWS[standard.dataset]
    table = _rows(standard, days)
    offset, written = 0, 0
    for region in REGIONS:
        for day in days:
            delivery_id = f"{standard.dataset}-{region}-{day:%Y%m%d}"
            part = table.slice(offset, rows)
            _write_delivery(place, standard, region, delivery_id, day, part)
            offset, written = offset + rows, written + 1
    return written


def _rows(standard: Standard, days: list[dt.date]) -> pa.Table:
    per_delivery, given = ROWS[standard.dataset]
    types = LINEAGE | {name: column.sql_type for name, column in standard.columns.items()}
    own = {
        "delivery_id": f"'{standard.dataset}-' || region_name || strftime(day, '-%Y%m%d')", "row_number": "n",
        "known_from": EVENING, "landed_at": f"{EVENING} + interval 1 hour", "region_code": "region",
        **{name: _with_code(expression) for name, expression in given.items()},
    }  # fmt: skip
    columns = ", ".join(f"cast({own.get(name, 'null')} as {kind}) as {name}" for name, kind in types.items())
    regions = ", ".join(f"({n}, '{name}', '{code}')" for n, (name, code) in enumerate(REGIONS.items()))
    with duckdb.connect() as con:
        con.execute(
            f"""create table made as select {columns}, r.i as r_i, d.day as d_day
            from (values {regions}) r(i, region_name, region),
            (select unnest($1)::timestamp as day) d, range(1, {per_delivery} + 1) t(n)""",
            [days],
        )
        return con.execute("select * exclude (r_i, d_day) from made order by r_i, d_day, row_number").to_arrow_table()


def _with_code(expression: str) -> str:
    """`{seed.column}` is the first code of that list."""
    if "{" not in expression:
        return expression
    reference = expression[expression.index("{") + 1 : expression.index("}")]
    return expression.replace(f"{{{reference}}}", code_list(reference)[0])


def _write_delivery(
    place: Home, standard: Standard, region: str, delivery_id: str, day: dt.date, rows: pa.Table
) -> None:
    feed_id = f"{standard.dataset}/{region}"
    folder = place.deliveries / feed_id / delivery_id / "v0001"
    folder.mkdir(parents=True)
    pq.write_table(rows, Path(folder) / "accepted.parquet")
    counts = dict.fromkeys(ROW_COUNTS, 0) | {"received": rows.num_rows, "accepted": rows.num_rows}
    manifest = {
        "delivery_id": delivery_id, "version": 1, "feed_id": feed_id, "dataset": standard.dataset, "region": region,
        "file_name": f"{day}.simulated.csv", "file_sha256": "0" * 64, "file_bytes": 1, "period": str(day),
        "landed_at": f"{day}T21:00:00", "rule_set_version": "invented", "status": "accepted", "rows": counts,
        "messages": [], "data_origin": "simulated",
    }  # fmt: skip
    (folder / "delivery.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
