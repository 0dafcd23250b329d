"""For each rule of a standard: how a good row is changed so that it breaks this rule and no other.

A recipe gets the agreed row and returns the columns to change, or None where the row does not lend itself to it. What the standards hold
and no recipe breaks stands in the manifest, and a test keeps that list empty but for the reasons given here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from jingjinji.simulate.geography import REGIONS, reporting_units
from jingjinji.simulate.reporting import Row

Recipe = Callable[[dict[str, Any]], "Row | None"]

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ARRIVALS = ("reported_county_at", "reported_city_at", "reported_province_at", "reported_ministry_at")
FAR_EAST = Decimal("125.000001")
NOBODY: dict[str, Any] = dict.fromkeys(
    ("deaths_persons", "missing_persons", "serious_injuries_persons", "light_injuries_persons", "injured_persons")
)


def _set(*needed: str, when: Callable[[dict[str, Any]], bool] = lambda row: True, **changes: Any) -> Recipe:
    """Set columns, to a value or to what a function of the row gives, where the row has all of `needed`."""

    def recipe(row: dict[str, Any]) -> Row | None:
        if any(row.get(name) is None for name in needed) or not when(row):
            return None
        return {name: change(row) if callable(change) else change for name, change in changes.items()}

    return recipe


def _all_metrics(types: tuple[str, ...], value: int | None, when: Callable[[dict[str, Any]], bool]) -> Recipe:
    """Set every sent metric of these types, to 0 or to nothing."""

    def recipe(row: dict[str, Any]) -> Row | None:
        from jingjinji.contracts import load_contracts

        columns = load_contracts().standards["disaster_losses"].columns
        return (
            {name: value for name, c in columns.items() if c.type in types and row.get(name) is not None}
            if when(row)
            else None
        )

    return recipe


def _after(column: str, days: float) -> Callable[[dict[str, Any]], dt.datetime]:
    return lambda row: row[column] + dt.timedelta(days=days)


def _latest(row: dict[str, Any]) -> dt.datetime:
    return max(row[name] for name in ARRIVALS if row.get(name))


def _earliest(row: dict[str, Any]) -> dt.datetime:
    return min(row[name] for name in ARRIVALS if row.get(name))


def _is_abroad(row: dict[str, Any]) -> bool:
    return bool(row["movement_kind"] == "调拨" and row["counterpart_region_code"] != row["region_code"])


def _foreign_unit(row: dict[str, Any]) -> str:
    return next(reporting_units(code)[0].code for code in REGIONS.values() if code != row["region_code"])


ACCIDENTS = {
    "A01": _set(as_of_at=_after("occurred_at", -0.1)),
    "A02": _set("deaths_persons", late_deaths_persons=lambda row: row["deaths_persons"] + 1),
    "A03": _set("injured_persons", serious_injuries_persons=lambda row: row["injured_persons"] + 2, light_injuries_persons=None),
    "A04": _set(when=lambda row: row["report_stage"] != "核销", direct_loss_cny=None, **NOBODY),
    "A05": _set("reported_at", as_of_at=_after("reported_at", 3)),
    "A06": _set(known_at=_after("occurred_at", -0.02)),
    "A07": _set("reported_county_at", known_at=lambda row: _earliest(row) + HOUR),
    "A08": _set("reported_county_at", "reported_province_at", reported_county_at=lambda row: _latest(row) + HOUR),
    "A09": _set("place_lon", place_lat=None),
    "A10": _set("place_lon", place_lon=FAR_EAST),
    "A11": _set("place_lon", place_datum=None),
    "A12": _set("injured_persons", "serious_injuries_persons", "light_injuries_persons",
                light_injuries_persons=lambda row: row["light_injuries_persons"] + 1),
}  # fmt: skip
LOSSES = {
    "D00": _all_metrics(("count", "area", "money"), None, lambda row: True),
    "D01": _set("crop_affected_ha", crop_failed_ha=lambda row: row["crop_affected_ha"] + 15, crop_damaged_ha=None),
    "D01A": _set("crop_affected_ha", "crop_damaged_ha", when=lambda row: row["crop_damaged_ha"] < row["crop_affected_ha"],
                 crop_failed_ha=lambda row: row["crop_affected_ha"]),
    "D01B": _set("crop_affected_ha", crop_damaged_ha=lambda row: row["crop_affected_ha"] + 15),
    "D03": _set("affected_persons", deaths_persons=lambda row: row["affected_persons"] + 5),
    "D04": _set("resettled_central_persons", when=lambda row: row["report_stage"] == "核报",
                resettled_central_persons=lambda row: row["resettled_central_persons"] + 1),
    "D04W": _set("resettled_central_persons", when=lambda row: row["report_stage"] != "核报",
                 resettled_central_persons=lambda row: row["resettled_central_persons"] + 1),
    "D05": _set("affected_persons", relief_needed_persons=lambda row: row["affected_persons"] + 7),
    "D06": _set("affected_persons", evacuated_persons=lambda row: row["affected_persons"] + 11),
    "D08": _set("houses_slightly_damaged_count", houses_slightly_damaged_households=lambda row: row["houses_slightly_damaged_count"] + 1),
    "D09": _set("direct_loss_cny", loss_other_cny=lambda row: row["direct_loss_cny"] + 200_000),
    "D15": _set(as_of_at=_after("occurred_at", -0.1)),
    "D16": _all_metrics(("count", "area"), 0, lambda row: bool(row["direct_loss_cny"])),
    "D19": _set(as_of_at=_after("reported_at", 3)),
    "D20": _set(retracted_metrics="死亡人口"),
    "D21": _set(when=lambda row: row["report_stage"] == "更正", retracted_metrics="deaths_persons"),
    "D22": _set("reported_county_at", reported_county_at=_after("occurred_at", -0.1)),
    "D23": _set(unit_code=_foreign_unit),
}  # fmt: skip
TEAMS = {
    "T01": _set(members_available_count=lambda row: row["members_count"] + 5),
    "T02": _set(base_lat=None),
    "T03": _set(base_datum=None),
    "T04": _set(base_lon=FAR_EAST),
    "T05": _set(equipment="生命探测仪两台"),
    "T06": _set(tasks=lambda row: f"{row['tasks']};;"),
    "T07": _set(verified_at=_after("as_of_at", 1)),
    "T08": _set(as_of_at=_after("reported_at", 3)),
    "T09": _set(members_count=0, members_available_count=0),
}
SUPPLIES = {
    "S01": _set(item_code=lambda row: row["item_code"][:5]),
    "S02": _set(item_code=lambda row: row["item_code"][:5] + "00"),
    "S03": _set(on_hand_quantity=Decimal(-5), reserved_quantity=None),
    "S04": _set(reserved_quantity=Decimal(-3)),
    "S05": _set(reserved_quantity=lambda row: row["on_hand_quantity"] + 5),
    "S06": _set("produced_date", expiry_date=lambda row: row["produced_date"] - 10 * DAY),
    "S07": _set("warehouse_lon", warehouse_lat=None),
    "S08": _set("warehouse_lon", warehouse_datum=None),
    "S09": _set("warehouse_lon", warehouse_lon=FAR_EAST),
    "S10": _set(as_of_at=_after("reported_at", 3)),
    "S11": _set(produced_date=lambda row: row["as_of_at"].date() + 20 * DAY, expiry_date=None),
    "S12": _set(lot_number="未分批"),
}
MOVEMENTS = {
    "M01": _set(quantity=Decimal(0)),
    "M02": _set(item_code=lambda row: row["item_code"][:5]),
    "M03": _set(when=lambda row: row["movement_kind"] == "调拨", counterpart_warehouse_id=None),
    "M04": _set(when=lambda row: row["movement_kind"] == "调拨", counterpart_warehouse_id=lambda row: row["warehouse_id"],
                counterpart_region_code=lambda row: row["region_code"]),
    "M05": _set(moved_at=_after("reported_at", 3)),
    "M06": _set(when=_is_abroad, settlement_status=None),
    "M07": _set(when=lambda row: row["movement_kind"] == "出库", related_movement_id="W000000-000000-0000000"),
    "M08": _set(lot_number="未分批"),
}  # fmt: skip
EXPERTS = {
    "E01": _set("id_number", id_number="证件号不详"),
    "E02": _set("phone", phone="电话不详"),
    "E03": _set(expert_id="11010119600101000X"),
    "E04": _set(as_of_at=_after("reported_at", 3)),
}
RECIPES: dict[str, dict[str, Recipe]] = {
    "accidents": ACCIDENTS, "disaster_losses": LOSSES, "teams": TEAMS, "supplies": SUPPLIES, "supply_movements": MOVEMENTS, "experts": EXPERTS,
}  # fmt: skip
