"""Every demo delivery lands whole, and what is accepted is what was published, in base units."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import yaml

from jingjinji.contracts import load_contracts
from jingjinji.landing import COUNTS, Outcome, land
from jingjinji.paths import PROJECT

INBOX = PROJECT / "demo" / "inbox"
FIXTURES = Path(__file__).parent / "fixtures"
DELIVERIES = sorted(p for p in INBOX.glob("*/*/*") if not p.name.endswith(".source.yml"))
REPORTS = [p for p in DELIVERIES if p.parts[-3] != "statistics"]
AS_OF = {
    "disaster_losses/beijing/2023-08-01.json": "2023-08-01 06:00:00",
    "disaster_losses/beijing/2023-08-08.json": "2023-08-09 00:00:00",
    "disaster_losses/beijing/2025-07-28.json": "2025-07-29 00:00:00",
    "disaster_losses/beijing/2025-07-31.json": "2025-07-31 12:00:00",
    "disaster_losses/hebei/2023-08-01_losses.xlsx": "2023-08-01 12:00:00",
    "disaster_losses/hebei/2023-08-10_losses.xlsx": "2023-08-11 00:00:00",
    "disaster_losses/hebei/2023-08-10_relocated.xlsx": "2023-08-11 00:00:00",
    "disaster_losses/national/2024-01-20.json": "2024-01-20 23:59:59",
    "accidents/tianjin/2015-12-10_loss.csv": "2015-12-10 23:59:59",
    "accidents/tianjin/2016-02_casualties.csv": "2016-02-29 23:59:59",
    "accidents/hebei/2018-11-28_first.xlsx": "2018-11-28 23:59:59",
    "accidents/hebei/2018-12-24_loss.xlsx": "2018-12-24 23:59:59",
    "accidents/hebei/2019-02-03_investigation.xlsx": "2019-02-03 23:59:59",
}
# Published as “重及较重58” in the text of figure G42, which has no row of its own.
NOT_AMONG_THE_FIGURES = {"accidents/tianjin/2016-02_casualties.csv": {"serious_injuries_persons": Decimal(58)}}


def name_of(path: Path) -> str:
    return path.relative_to(INBOX).as_posix()


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(tmp_path_factory.mktemp("home")))
        yield {name_of(p): land(f"{p.parts[-3]}/{p.parts[-2]}", p) for p in DELIVERIES}


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, str]]:
    with (PROJECT / "dbt_project/seeds/published_figures.csv").open(encoding="utf-8", newline="") as lines:
        return {row["figure_id"]: row for row in csv.DictReader(lines)}


def accepted(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.receipt is not None
    found = duckdb.sql(f"select * from '{outcome.receipt.parent / 'accepted.parquet'}' order by row_number")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def source_of(path: Path) -> dict[str, Any]:
    noted: dict[str, Any] = yaml.safe_load((path.parent / f"{path.name}.source.yml").read_text(encoding="utf-8"))
    return noted


def metrics_of(dataset: str) -> list[str]:
    columns = load_contracts().standards[dataset].columns
    return [name for name, column in columns.items() if column.type in ("count", "money", "area")]


@pytest.mark.parametrize("path", DELIVERIES, ids=name_of)
def test_demo_delivery_lands_without_quarantine_and_adds_up(path: Path, landed: dict[str, Outcome]) -> None:
    outcome = landed[name_of(path)]
    assert outcome.status == "accepted", outcome.messages
    assert outcome.messages == ()
    assert outcome.rows["received"] == sum(outcome.rows[count] for count in COUNTS[1:])
    assert (
        outcome.rows["quarantined"],
        outcome.rows["duplicate"],
        outcome.rows["refused"],
    ) == (0, 0, 0)
    assert outcome.rows["accepted"] == len(accepted(outcome)) > 0


@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_demo_report_holds_exactly_the_published_figures(
    path: Path, landed: dict[str, Outcome], figures: dict[str, dict[str, str]]
) -> None:
    name = name_of(path)
    published = [figures[figure] for figure in source_of(path)["figures"]]
    expected = {f["link_metric"]: Decimal(f["published_value"]) for f in published} | NOT_AMONG_THE_FIGURES.get(
        name, {}
    )
    (row,) = accepted(landed[name])
    reported = {m: Decimal(row[m]) for m in metrics_of(path.parts[-3]) if row[m] is not None}
    assert reported == expected
    assert {row["region_code"]} == {f["link_region_code"] for f in published}
    assert {row.get("event_id") or row.get("accident_id")} == {f["link_key"] for f in published}
    assert str(row["as_of_at"]) == str(row["known_from"]) == AS_OF[name]


def test_demo_reports_carry_every_figure_that_a_feed_can_deliver(
    figures: dict[str, dict[str, str]],
) -> None:
    carried = [figure for path in REPORTS for figure in source_of(path)["figures"]]
    linked = [i for i, f in figures.items() if f["link_mart"] in ("fct_disaster_losses", "fct_accidents")]
    assert sorted(carried) == sorted(linked)


def test_demo_delivery_names_where_it_was_published() -> None:
    for path in DELIVERIES:
        noted = source_of(path)
        assert noted["source"] and all(url.startswith("http") for url in noted["source"]), path
        assert noted["as_published"] and noted["known_time"] and noted["rounding"], path


def test_second_report_of_the_same_moment_reports_people_relocated_and_nothing_else(
    landed: dict[str, Outcome],
) -> None:
    (losses,) = accepted(landed["disaster_losses/hebei/2023-08-10_losses.xlsx"])
    (relocated,) = accepted(landed["disaster_losses/hebei/2023-08-10_relocated.xlsx"])
    same = ("region_code", "event_id", "unit_code", "report_stage", "as_of_at")
    assert [losses[c] for c in same] == [relocated[c] for c in same]
    assert losses["relocated_persons"] is None
    assert (relocated["relocated_persons"], relocated["deaths_persons"]) == (
        1757400,
        None,
    )


# ---------------------------------------------------------------- statistics


def sent_by(region: str) -> dict[tuple[int, str, str], tuple[Decimal | None, str]]:
    """(year, statistic, vintage) → (value, unit), read from the delivered file without the product's readers."""
    rows: list[tuple[Any, ...]] = []
    for path in sorted((INBOX / "statistics" / region).glob("2026-06*[nvx]")):
        if path.suffix == ".json":
            records = json.loads(path.read_text(encoding="utf-8"))
            rows += [(r["year"], r["indicator"], r["vintage"], r["value"], r["unit"]) for r in records]
        elif path.suffix == ".xlsx":
            cells = openpyxl.load_workbook(path).worksheets[0].iter_rows(min_row=3, values_only=True)
            rows += [(c[0], c[1], c[4], c[2], c[3]) for c in cells if isinstance(c[0], int)]
        elif path.suffix == ".csv":
            table = list(csv.reader(path.read_bytes().decode("gb18030").splitlines()))[3:-2]
            for line in table[1:]:
                cells = zip(table[0][4:], line[4:], strict=True)
                rows += [(int(year[:4]), line[0], line[2], value, line[1]) for year, value in cells]
    sent = {(y, s, v): (None if x in (None, "") else Decimal(str(x)), unit) for y, s, v, x, unit in rows}
    assert len(sent) == len(rows)
    return sent


def landed_statistics(landed: dict[str, Outcome], region: str) -> list[dict[str, Any]]:
    return [row for name, o in landed.items() if name.startswith(f"statistics/{region}/") for row in accepted(o)]


@pytest.mark.parametrize("region", ["beijing", "tianjin", "hebei"])
def test_demo_statistics_land_as_sent_and_empty_stays_unpublished(region: str, landed: dict[str, Outcome]) -> None:
    rows = landed_statistics(landed, region)
    assert len(rows) == len(sent_by(region))
    got = {(r["year"], r["statistic_name"], r["vintage"]): (r["value"], r["value_unit"]) for r in rows}
    assert got == sent_by(region)
    assert any(value is None for value, _ in got.values())
    assert {str(r["known_from"]) for r in rows} == {"2026-06-30 23:59:59"}


def test_demo_statistics_are_the_same_series_in_all_three_regions(
    landed: dict[str, Outcome],
) -> None:
    keys = [
        {(r["year"], r["statistic_name"], r["vintage"], r["value_unit"]) for r in landed_statistics(landed, region)}
        for region in ("beijing", "tianjin", "hebei")
    ]
    assert keys[0] == keys[1] == keys[2]
    assert len({(statistic, vintage) for _, statistic, vintage, _ in keys[0]}) == 32
    assert len({vintage for _, statistic, vintage, _ in keys[0] if statistic == "地区生产总值"}) == 3


def test_demo_statistics_say_that_tianjin_published_no_deaths_of_2023(
    landed: dict[str, Outcome],
) -> None:
    deaths = {
        region: [
            r["value"]
            for r in landed_statistics(landed, region)
            if (r["year"], r["statistic_name"]) == (2023, "自然灾害受灾死亡人口")
        ]
        for region in ("beijing", "tianjin", "hebei")
    }
    assert deaths == {
        "beijing": [Decimal(61)],
        "tianjin": [None],
        "hebei": [Decimal(51)],
    }


# ---------------------------------------------------------------- feeds without a demo delivery


def test_feeds_without_a_publication_have_no_delivery() -> None:
    delivered = {f"{p.parts[-3]}/{p.parts[-2]}" for p in DELIVERIES}
    shown = {feed_id.partition("/")[0] for feed_id in delivered}
    assert {feed_id for feed_id in load_contracts().feeds if feed_id.partition("/")[0] in shown} - delivered == {
        "disaster_losses/tianjin",
        "accidents/beijing",
    }


def test_tianjin_disaster_csv_lands_in_base_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path))
    invented = FIXTURES / "disaster_losses_tianjin_invented.csv"
    assert "虚构" in invented.read_bytes().decode("gb18030").splitlines()[0]
    outcome = land("disaster_losses/tianjin", invented)
    assert outcome.rows == {
        "received": 4,
        "accepted": 2,
        "quarantined": 0,
        "duplicate": 0,
        "ignored": 2,
        "refused": 0,
        "warned": 0,
    }
    first, second = accepted(outcome)
    assert (str(first["as_of_at"]), str(first["known_from"])) == (
        "2023-08-01 06:00:00",
        "2023-08-01 07:30:00",
    )
    assert (
        first["affected_persons"],
        first["deaths_persons"],
        first["crop_failed_ha"],
    ) == (1200, 0, None)
    assert (first["crop_affected_ha"], first["direct_loss_cny"]) == (
        Decimal(100),
        Decimal("12345600.00"),
    )
    assert str(second["as_of_at"]) == str(second["known_from"]) == "2023-08-02 00:00:00"
    assert (second["deaths_persons"], second["direct_loss_cny"]) == (
        None,
        Decimal("100.00"),
    )
    assert second["crop_affected_ha"] == Decimal("6.6667")


def test_beijing_accident_document_lands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    report = {
        "accident": {"id": "测试-虚构", "kind": "工矿商贸", "place": "110105", "occurred_at": "2024-03-01T23:10+08:00"},
        "stage": "初报", "as_of": "2024-03-01T24:00+08:00", "people": {"dead": 0, "seriously_injured": 1, "injured": 2},
        "direct_loss_yuan": "12,000.50",
    }  # fmt: skip
    path = tmp_path / "2024-03-01.json"
    path.write_text(json.dumps({"reports": [report]}, ensure_ascii=False), encoding="utf-8")
    (row,) = accepted(land("accidents/beijing", path))
    assert (row["deaths_persons"], row["missing_persons"], row["direct_loss_cny"]) == (
        0,
        None,
        Decimal("12000.50"),
    )
    assert str(row["as_of_at"]) == "2024-03-02 00:00:00"
