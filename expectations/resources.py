"""What people know about teams and supplies and no standard, key or contract says."""

from __future__ import annotations

from jingjinji.quality.rules import Rule, promised

STOCK_IDENTITY = "库存恒等式：可用＝在库－预留－过期（应急物资储备管理约定）"
ARCHITECTURE = "docs/architecture.md"
GRADING = "社会应急力量分类分级（应急〔2024〕83号）"
TRANSFERS = "京津冀救灾物资协同保障协议"
# Around the three regions, in degrees WGS84: a base or warehouse of one of them lies inside.
REGIONS = "not between 113 and 120.5", "not between 35.5 and 43"

TEAM_NAMES = "region_code team_id team_type team_level is_ready verification_status is_certificate_valid as_of_day"
STOCK_NAMES = (
    "region_code item_code unit stock_status on_hand_quantity available_quantity available_at_most_quantity"
    " expired_quantity reserved_quantity lot_count available_known_count"
)

TEAMS = (
    Rule(
        "base_lies_in_the_regions",
        f"this.base_lon_wgs84 {REGIONS[0]} or this.base_lat_wgs84 {REGIONS[1]}",
        "base_lon_wgs84, base_lat_wgs84",
        "驻地坐标不在京津冀范围内，多为经纬度颠倒",
        "a base outside the three regions: longitude and latitude were probably swapped",
        "GB/T 2260 三省市行政区划范围",
        "warning",
    ),
    Rule(
        "available_members_are_part_of_members",
        "this.members_available_count > this.members_count",
        "members_available_count, members_count",
        "可出动人数多于最近一次报送的队员人数，请核对",
        "more available than the last stated size of the team",
        GRADING,
        "warning",  # the two may come from different reports
    ),
)

STOCK = (
    Rule(
        "only_goods_in_store_are_on_hand",
        "this.is_on_hand <> (this.storage_kind = '实物') or (not this.is_on_hand and this.on_hand_quantity is not null)",
        "is_on_hand, storage_kind, on_hand_quantity",
        "只有实物储备计为在库，产能和代储不计入",
        "capacity and contracted stock are not on hand",
        STOCK_IDENTITY,
    ),
    Rule(
        "available_is_within_its_bounds",
        "this.available_quantity < 0 or this.available_quantity > this.available_at_most_quantity"
        " or this.available_at_most_quantity > this.on_hand_quantity - this.expired_quantity",
        "available_quantity, available_at_most_quantity, on_hand_quantity, expired_quantity",
        "可用数量不为负，也不多于在库减去过期",
        "what can be used is part of what is there and has not expired",
        STOCK_IDENTITY,
    ),
    Rule(
        "expired_stock_is_not_available",
        "this.expiry_date < this.as_of_day and this.available_quantity <> 0",
        "expiry_date, as_of_day, available_quantity",
        "过期物资不是可用物资；有效期当日仍可用",
        "a lot may be used on its expiry date and not after it",
        STOCK_IDENTITY,
    ),
    Rule(
        "unknown_available_has_a_reason",
        "(this.available_quantity is null) <> (this.available_null_reason is not null)",
        "available_quantity, available_null_reason",
        "可用数量不详的须写明原因，已知的不写",
        "no quantity is unknown silently",
        f"{ARCHITECTURE} · Time",
    ),
)

STOCK_BY_REGION = (
    Rule(
        "stock_adds_up",
        "(this.region_code, this.item_code, this.unit, coalesce(this.on_hand_quantity, -1), coalesce(this.available_quantity, -1))"
        " not in (select (region_code, item_code, unit, coalesce(sum(on_hand_quantity), -1), coalesce(sum(available_quantity), -1))"
        " from marts.fct_supply_stock group by region_code, item_code, unit)",
        "on_hand_quantity, available_quantity",
        "地区合计须等于各批次之和",
        "the sum of a region is the sum of its lots",
        STOCK_IDENTITY,
    ),
)

BALANCE = (
    Rule(
        "balance_says_what_it_is",
        "this.balance_status = 'balanced' and this.balance_difference is distinct from 0"
        " or this.balance_status = 'differs' and coalesce(this.balance_difference, 0) = 0"
        " or this.balance_status in ('no_opening', 'units_differ', 'undecided') and this.balance_difference is not null",
        "balance_status, balance_difference",
        "账实状态须与账实差一致",
        "the status of a balance follows from its difference",
        "库存恒等式：期初＋入－出＝期末",
    ),
)

MOVEMENTS = (
    Rule(
        "transfer_names_its_destination",
        "this.movement_kind = '调拨' and (this.counterpart_region_code is null or this.counterpart_warehouse_id is null)",
        "counterpart_region_code, counterpart_warehouse_id",
        "调拨须写明调往哪个仓库，否则无法与入库核对",
        "a transfer without destination can never be matched",
        TRANSFERS,
    ),
)

RULES = {
    "fct_teams": (*TEAMS, promised(TEAM_NAMES)),
    "fct_supply_stock": STOCK,
    "agg_supply_by_region_item": (*STOCK_BY_REGION, promised(STOCK_NAMES)),
    "fct_supply_balance": BALANCE,
    "fct_supply_movements": MOVEMENTS,
}
