"""Supplies: a ledger per warehouse, item and lot that balances, stated once a month, and every movement in it.

One generator serves all regions, because a transfer leaves one warehouse and arrives days later in another, across a border now and then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from random import Random

from jingjinji.codes import rows_of
from jingjinji.simulate.accidents import DATUM
from jingjinji.simulate.chance import chance, share_of, weighted
from jingjinji.simulate.geography import REGIONS, code_in_use, counties, point_in
from jingjinji.simulate.reporting import Flag, Report, Row

# Assumed sizes at scale 1 and habits.
WAREHOUSES = {"beijing": 20, "tianjin": 20, "hebei": 60}
LOTS, STATED_EVERY, MOVES_PER_DAY = 14, 30, 0.2
KINDS = (("出库", 0.40), ("入库", 0.35), ("调拨", 0.25))
UNDER_WAY = 3  # days at most, of a transfer that arrives
BORDER_SHARE = 0.25  # of the transfers go to another region
SHELF_LIFE = {
    "10202": 365,
    "10201": 540,
    "20102": 1825,
}  # days, by the first digits of the item code; others do not expire


@dataclass(slots=True)
class Lot:
    """One lot of one item in one warehouse; quantities in the item's own unit."""

    item_code: str
    number: str
    kind: str
    on_hand: int
    reserved: int
    produced: dt.date
    expires: dt.date | None
    stated: int = 0  # how often, since its last miscount


@dataclass(slots=True)
class Warehouse:
    """A warehouse and what is in it, by (item, lot, kind)."""

    region: str
    number: int
    facts: Row
    lots: dict[tuple[str, str, str], Lot] = field(default_factory=dict)
    moves: int = 0

    @property
    def code(self) -> str:
        return str(self.facts["warehouse_id"])


@dataclass(slots=True)
class Transit:
    """What is under way between two warehouses."""

    lot: Lot
    quantity: int
    sender: Warehouse
    receiver: Warehouse
    movement_id: str


@cache
def _items() -> dict[str, tuple[str, str]]:
    """Item code → (name, unit) of the lowest layer (seed ref_supply_items)."""
    rows = rows_of("ref_supply_items")
    return {row["item_code"]: (row["item_name"], row["unit"]) for row in rows if row["layer"] == "4" and row["unit"]}


@cache
def _days_to_receive() -> int:
    """After how many days a transfer is told of that nobody received, or not whole (seed ref_supply_rules)."""
    return max(int(row["days"]) for row in rows_of("ref_supply_rules") if row["rule_code"] == "transfer_receipt")


class Stock:
    """Generator of all regions' stock statements and movements; keeps the ledger, so days must be asked for in order."""

    def __init__(self, seed: int, scale: float, first_day: dt.date, flags: float = 0) -> None:
        self.seed, self.first_day, self.flags = seed, first_day, flags
        self.warehouses = [
            _warehouse(seed, region, number, first_day)
            for region, count in WAREHOUSES.items()
            for number in range(max(2, round(count * scale)))
        ]
        self.by_phase: list[list[Warehouse]] = [[] for _ in range(STATED_EVERY)]
        for warehouse in self.warehouses:
            self.by_phase[int(share_of(seed, "stated", warehouse.code) * STATED_EVERY)].append(warehouse)
        self.arriving: dict[dt.date, list[Transit]] = {}
        self.opened: list[Warehouse] = []  # those that have stated their stock; nothing moves before

    def __call__(self, day: dt.date) -> Iterator[Report]:
        for transit in self.arriving.pop(day, []):
            yield self._arrival(day, transit)
        yield from self._movements(day)
        stated = self.by_phase[day.toordinal() % STATED_EVERY]
        for warehouse in stated:
            yield from self._statement(day, warehouse)
        if (day - self.first_day).days < STATED_EVERY:
            self.opened += stated

    # ------------------------------------------------------------ movements

    def _movements(self, day: dt.date) -> Iterator[Report]:
        rng = chance(self.seed, "movements", day)
        expected = len(self.opened) * MOVES_PER_DAY
        for _ in range(int(expected) + (rng.random() < expected % 1)):
            warehouse = rng.choice(self.opened)
            lots = [lot for lot in warehouse.lots.values() if lot.kind == "实物" and lot.on_hand > 20]
            if not lots:
                continue
            lot = rng.choice(lots)
            if lot.expires and lot.expires < day:
                yield self._move(day, warehouse, lot, "报废", lot.on_hand)
                continue
            kind = weighted(rng, KINDS)
            if kind == "入库":
                yield self._purchase(day, warehouse, lot, rng)
                continue
            # a warehouse that holds too many lots issues whole ones
            is_full = len(warehouse.lots) > LOTS or rng.random() < 0.15
            quantity = lot.on_hand if is_full else rng.randrange(1, max(2, lot.on_hand // 4))
            if kind == "出库":
                yield self._move(day, warehouse, lot, kind, quantity)
                continue
            others = [w for w in rng.sample(self.opened, min(12, len(self.opened))) if w is not warehouse]
            abroad = rng.random() < BORDER_SHARE
            if not others:
                continue
            receiver = next((w for w in others if (w.region != warehouse.region) == abroad), others[0])
            report = self._move(day, warehouse, lot, kind, quantity, receiver)
            transit = Transit(lot, quantity, warehouse, receiver, str(report.row["movement_id"]))
            if self._is_received(report, transit):
                self.arriving.setdefault(day + dt.timedelta(days=rng.randrange(1, UNDER_WAY + 1)), []).append(transit)
            yield report

    def _is_received(self, report: Report, transit: Transit) -> bool:
        """Whether the transfer arrives. A share never does, another arrives a piece short; the sender's row is flagged for it."""
        share = share_of(self.seed, "under way", transit.movement_id)
        if share < self.flags:
            report.flags, report.shows_after = (("S-TRANSIT", "moved_at"),), _days_to_receive() + 1
            return False
        if share < 2 * self.flags and transit.quantity > 1:
            # the rest may still come until then
            report.flags, report.shows_after = (("S-MATCH", "quantity"),), _days_to_receive() + 1
            transit.quantity -= 1
        return True

    def _purchase(self, day: dt.date, warehouse: Warehouse, like: Lot, rng: Random) -> Report:
        """New goods of the same item, under a lot number of their own."""
        life = _shelf_life(like.item_code)
        expires = day + dt.timedelta(days=life) if life else None
        bought = Lot(like.item_code, f"L{day:%Y%m%d}-{warehouse.moves % 100:02d}", "实物", 0, 0, day, expires)
        bought = warehouse.lots.setdefault((bought.item_code, bought.number, bought.kind), bought)
        return self._move(day, warehouse, bought, "入库", rng.randrange(50, 3000))

    def _arrival(self, day: dt.date, transit: Transit) -> Report:
        """The receiver's 入库, which names the transfer; a lot new to the warehouse begins at nothing."""
        lot, receiver = transit.lot, transit.receiver
        key = (lot.item_code, lot.number, lot.kind)
        if key not in receiver.lots:
            receiver.lots[key] = Lot(lot.item_code, lot.number, lot.kind, 0, 0, lot.produced, lot.expires)
        report = self._move(day, receiver, receiver.lots[key], "入库", transit.quantity)
        report.row |= {
            "counterpart_region_code": REGIONS[transit.sender.region],
            "counterpart_warehouse_id": transit.sender.code,
            "related_movement_id": transit.movement_id,
        }
        return report

    def _move(
        self, day: dt.date, warehouse: Warehouse, lot: Lot, kind: str, quantity: int, receiver: Warehouse | None = None
    ) -> Report:
        warehouse.moves += 1
        lot.on_hand += quantity if kind == "入库" else -quantity
        lot.reserved = min(lot.reserved, lot.on_hand)
        moved = dt.datetime.combine(day, dt.time(8)) + dt.timedelta(minutes=warehouse.moves % 540)
        row: Row = {
            "region_code": REGIONS[warehouse.region],
            "movement_id": f"{warehouse.code}-{day:%y%m%d}-{warehouse.moves:07d}",
            "warehouse_id": warehouse.code,
            "item_code": lot.item_code,
            "lot_number": lot.number,
            "storage_kind": lot.kind,
            "movement_kind": kind,
            "quantity": Decimal(quantity),
            "quantity_unit": _items()[lot.item_code][1],
            "moved_at": moved,
            "reported_at": dt.datetime.combine(day, dt.time(19)),
        }
        if receiver:
            row |= {"counterpart_region_code": REGIONS[receiver.region], "counterpart_warehouse_id": receiver.code}
            row["settlement_status"] = "无需结算" if receiver.region == warehouse.region else "未结算"
        return Report("supply_movements", warehouse.region, day, row)

    # ------------------------------------------------------------ statements

    def _statement(self, day: dt.date, warehouse: Warehouse) -> Iterator[Report]:
        """Every lot as it is at 18:00, after the day's movements; a lot that ran out is stated once more, with 0."""
        as_of = dt.datetime.combine(day, dt.time(18))
        division = self._division(warehouse, day)
        for key, lot in sorted(warehouse.lots.items()):
            name, unit = _items()[lot.item_code]
            row: Row = warehouse.facts | {
                "region_code": REGIONS[warehouse.region],
                "warehouse_division_code": division,
                "item_code": lot.item_code,
                "item_name": name,
                "lot_number": lot.number,
                "storage_kind": lot.kind,
                "quantity_unit": unit,
                "on_hand_quantity": Decimal(lot.on_hand),
                "reserved_quantity": Decimal(lot.reserved),
                "produced_date": lot.produced,
                "expiry_date": lot.expires,
                "as_of_at": as_of,
                "reported_at": as_of + dt.timedelta(minutes=90),
            }
            flags: tuple[Flag, ...] = ()
            lot.stated += 1
            if lot.stated > 2 and share_of(self.seed, "miscounted", warehouse.code, *key, day) < self.flags:
                lot.stated = 0  # two miscounts in a row would hide each other
                row["on_hand_quantity"] = Decimal(lot.on_hand + 7)  # a miscount; the ledger itself stays right
                flags = (("S-BAL", "on_hand_quantity"),)
            yield Report("supplies", warehouse.region, day, row, flags=flags)
            if lot.on_hand == 0:
                del warehouse.lots[key]

    def _division(self, warehouse: Warehouse, day: dt.date) -> str:
        """The code its keeper writes for where it stands: one and the same within a year."""
        rng = chance(self.seed, "written", warehouse.code, day.year)
        return code_in_use(rng, str(warehouse.facts["warehouse_division_code"]), day.year)


def _shelf_life(item_code: str) -> int | None:
    return next((days for start, days in SHELF_LIFE.items() if item_code.startswith(start)), None)


def _warehouse(seed: int, region: str, number: int, first_day: dt.date) -> Warehouse:
    rng = chance(seed, "warehouse", region, number)
    county = rng.choice(counties(REGIONS[region]))
    lon, lat = point_in(rng, county)
    facts: Row = {
        "warehouse_id": f"W{county.code}{number:05d}",
        "warehouse_name": f"{county.name}应急物资第{number + 1}库",
        "warehouse_division_code": county.code,
        "warehouse_lon": Decimal(f"{lon:.6f}"),
        "warehouse_lat": Decimal(f"{lat:.6f}"),
        "warehouse_datum": DATUM[REGIONS[region]],
        "owner_name": f"{county.name}应急管理局",
    }
    made = Warehouse(region, number, facts)
    for index, item in enumerate(rng.sample(sorted(_items()), min(LOTS, len(_items())))):
        produced = first_day - dt.timedelta(days=rng.randrange(30, 300))
        life = _shelf_life(item)
        kind = weighted(rng, (("实物", 0.85), ("代储", 0.1), ("产能", 0.05)))
        on_hand = rng.randrange(40, 5000)
        lot = Lot(item, f"L{produced:%Y%m}-{number % 1000:03d}{index:02d}", kind, on_hand, rng.choice((0, 0, on_hand // 10)),
                  produced, produced + dt.timedelta(days=life) if life else None)  # fmt: skip
        made.lots[item, lot.number, kind] = lot
    return made
