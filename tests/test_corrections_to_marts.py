"""Corrections go through to the marts: what a rehearsal shows beforehand is what happens, and history stays."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from resource_files import native_file
from typer.testing import CliRunner

from jingjinji import build, contracts, landing, quality, query, release
from jingjinji.cli import app
from jingjinji.landing import corrections
from jingjinji.operate import chain
from jingjinji.paths import Home

MARTS = ("fct_accidents", "fct_supply_stock", "agg_supply_by_region_item")
SELECT = " ".join(f"+{mart},resource_type:{kind}" for mart in MARTS for kind in ("model", "seed"))
ACCIDENT = {
    "事故编号": "虚构-津-1", "事故领域": "道路交通事故", "事发地代码": "120116", "报告阶段": "首报", "发生时间": "2024年3月1日9时30分",
    "数据截至时间": "2024年3月1日12时", "报告时间": "2024年3月1日12时", "死亡人数(人)": "3", "统计期外死亡人数(人)": "", "下落不明人数(人)": "0",
    "重伤人数(人)": "2", "受伤人数(人)": "5", "直接经济损失(万元)": "12.5", "事故名称": "虚构的事故",
}  # fmt: skip
WRONG = {"报告阶段": "续报", "数据截至时间": "2024年3月2日12时", "报告时间": "2024年3月2日12时", "死亡人数(人)": "30"}
LOT = {
    "warehouse_id": "虚构库1", "warehouse_name": "虚构的仓库", "warehouse_division_code": "120116", "item_code": "1010201", "item_name": "棉被",
    "storage_kind": "实物储备", "quantity_unit": "床", "on_hand_quantity": 10, "reserved_quantity": 0,
    "as_of_at": "2024-03-01 18:00", "reported_at": "2024-03-01 20:00",
}  # fmt: skip
Told = list[str]


def _accident_file(folder: Path, day: str, **changes: str) -> Path:
    text = io.StringIO()
    row = ACCIDENT | changes
    csv.writer(text, lineterminator="\r\n").writerows([row.keys(), row.values()])
    path = folder / f"{day}.csv"
    path.write_bytes(text.getvalue().encode("gb18030"))
    return path


def _release_of_a_part(patch: pytest.MonkeyPatch) -> None:
    """Builds make these marts only, and are released without the border that asks for all of them: it has tests of its own."""

    def accepted(candidate: Path) -> quality.Verdict:
        (candidate.parent / "quality.json").write_text(json.dumps({"passed": True, "failed": []}), encoding="utf-8")
        return quality.Verdict("published", candidate.parent.name, quality._now(), ())

    patch.setenv("DBT_INDIRECT_SELECTION", "empty")  # the models, not their tests
    patch.setattr(build, "run_dbt", partial(build.run_dbt, select=SELECT))
    patch.setattr(quality, "check_published", accepted)


def _own_feeds(tmp_path: Path, patch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Feeds of the test's own; the function returned adds the mapping that one of them lacks."""
    feeds = tmp_path / "feeds"
    shutil.copytree(contracts.PROJECT / "feeds", feeds)
    for module in (landing, corrections):
        patch.setattr(module, "load_contracts", lambda: contracts.load_contracts(feeds))

    def add_mapping() -> None:
        feed = feeds / "supplies" / "tianjin.yml"
        text = feed.read_text(encoding="utf-8")
        assert "实物储备: 实物," in text
        feed.write_text(text.replace("实物储备: 实物,", "实物储备: 实物, 库内储备: 实物,"), encoding="utf-8")
        os.utime(feed, ns=(1, 1))

    return add_mapping


def _deaths(as_of: date | None = None) -> list[tuple[Any, ...]]:
    return list(query.query("select deaths_persons from fct_accidents", as_of).rows)


def _stock(as_of: date | None = None) -> list[tuple[Any, ...]]:
    sql = "select cast(on_hand_quantity as integer) as n from agg_supply_by_region_item where item_code = '1010201'"
    return list(query.query(sql, as_of).rows)


def _files(root: Path) -> set[tuple[str, int]]:
    return {(str(p.relative_to(root)), p.stat().st_size) for p in root.rglob("*") if p.is_file()}


def test_withdrawn_and_relanded_deliveries_change_the_marts_as_the_rehearsal_said(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _release_of_a_part(monkeypatch)
    add_mapping = _own_feeds(tmp_path, monkeypatch)
    landing.land("accidents/tianjin", _accident_file(tmp_path, "2024-03-01"))
    wrong = landing.land("accidents/tianjin", _accident_file(tmp_path, "2024-03-02", **WRONG))
    lots = [LOT | {"lot_number": f"批{n}"} for n in range(10)] + [
        LOT | {"lot_number": "批10", "storage_kind": "库内储备"}
    ]
    stock = landing.land("supplies/tianjin", native_file(tmp_path, "supplies/tianjin", lots, "2024-03-01"))
    assert (wrong.status, stock.status, stock.rows["quarantined"]) == ("accepted", "accepted", 1)
    first = chain.release_landed(lambda _: None)
    assert first and (_deaths(), _stock()) == ([(30,)], [(100,)])

    add_mapping()
    before = _files(home.deliveries)
    shown = corrections.rehearse(lambda: (corrections.withdraw(wrong.delivery_id, "多报一个零"), corrections.reland()), lambda _: None)  # fmt: skip
    assert any("虚构-津-1" in line and "死亡" in line and "30 → 3" in line for line in shown), shown
    assert any("1010201" in line and "100 → 110" in line for line in shown), shown
    assert _files(home.deliveries) == before and (_deaths(), _stock()) == ([(30,)], [(100,)])

    run = CliRunner()
    withdrawn = run.invoke(app, ["withdraw", wrong.delivery_id, "--reason", "多报一个零", "--yes"])
    relanded = run.invoke(app, ["reland", "supplies/tianjin", "--yes"])
    assert (withdrawn.exit_code, relanded.exit_code) == (0, 0), withdrawn.output + relanded.output
    second = chain.release_landed(lambda _: None)
    assert second and release.diff(first, second).summary_zh[1:] == shown[1:]
    assert (_deaths(), _stock()) == ([(3,)], [(110,)])
    assert (_deaths(date(2024, 3, 1)), _stock(date(2024, 2, 29))) == ([(3,)], [])
    assert _in_release(home, first) == (30,)  # what everybody saw before stays on disk
    assert _files(home.deliveries) > before  # and no version of a delivery was lost


def _in_release(home: Home, release_id: str) -> tuple[Any, ...] | None:
    with duckdb.connect(str(home.releases / release_id / "warehouse.duckdb"), read_only=True) as con:
        found: tuple[Any, ...] | None = con.execute("select deaths_persons from marts.fct_accidents").fetchone()
        return found
