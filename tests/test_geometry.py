"""GCJ-02 to WGS84 and distances: the SQL the models get, asked of DuckDB."""

from __future__ import annotations

from typing import Any

import duckdb
import jinja2
import pytest

from jingjinji.codes import rows_of
from jingjinji.paths import PROJECT

MACROS: Any = (
    jinja2.Environment().from_string((PROJECT / "dbt_project/macros/geometry.sql").read_text(encoding="utf-8")).module
)


def value(expression: str) -> Any:
    return duckdb.sql(f"select {expression}").fetchall()[0][0]


def test_inverse_of_the_shift_comes_back_within_a_centimetre() -> None:
    """A grid over the three regions, shifted by the public formula and brought back; a single step would leave metres."""
    worst, least_shift, most_shift = duckdb.sql(f"""
        with points as (
            select 113.4 + i * 0.065 as lon, 36 + j * 0.067 as lat from range(101) as a(i), range(101) as b(j)
        ),
        shifted as (
            select lon, lat, lon + {MACROS.gcj02_shift_lon("lon", "lat")} as g_lon,
                lat + {MACROS.gcj02_shift_lat("lon", "lat")} as g_lat
            from points
        ),
        back as (
            select *, {MACROS.gcj02_to_wgs84_lon("g_lon", "g_lat")} as w_lon,
                {MACROS.gcj02_to_wgs84_lat("g_lon", "g_lat")} as w_lat
            from shifted
        )
        select 1000 * max({MACROS.distance_km("lon", "lat", "w_lon", "w_lat")}),
            1000 * min({MACROS.distance_km("lon", "lat", "g_lon", "g_lat")}),
            1000 * max({MACROS.distance_km("lon", "lat", "g_lon", "g_lat")})
        from back""").fetchall()[0]
    assert worst < 0.01
    assert 400 < least_shift < most_shift < 700  # the shift is real: not converting would be off by this


def test_a_known_point_is_converted() -> None:
    """The flagpole of Tiananmen as map services show it; open implementations agree on 116.39118, 39.90783."""
    lon = value(MACROS.gcj02_to_wgs84_lon("116.397428", "39.90923"))
    lat = value(MACROS.gcj02_to_wgs84_lat("116.397428", "39.90923"))
    assert (round(lon, 4), round(lat, 4)) == (116.3912, 39.9078)


@pytest.mark.parametrize(("lon", "lat"), [("2.35", "48.85"), ("138", "39"), ("null", "39")])
def test_points_outside_china_and_unknown_ones_stay(lon: str, lat: str) -> None:
    assert value(MACROS.gcj02_to_wgs84_lon(lon, lat)) == (None if lon == "null" else float(lon))


@pytest.mark.parametrize(("datum", "moved"), [("WGS84", 0), ("GCJ02", 1), ("", None)])
def test_the_named_system_decides(datum: str, moved: int | None) -> None:
    found = value(MACROS.wgs84_lon("116.4", "39.9", f"nullif('{datum}', '')"))
    assert found is None if moved is None else (abs(found - 116.4) > 0.005) == bool(moved)


@pytest.mark.parametrize(
    ("code", "by_seat", "by_centroid"),
    [("110117", 26.6, 33.9), ("131082", 29.0, 36.1), ("130229", 32.5, 32.8), ("120115", 37.5, 43.7)],
)
def test_distances_from_jizhou_depend_on_the_point_used(code: str, by_seat: float, by_centroid: float) -> None:
    """Golden distances in km of 蓟州区 120119: between government seats (both in GCJ-02) and between centroids."""
    places = {row["code"]: row for row in rows_of("divisions")}
    here, there = places["120119"], places[code]
    for golden, lon, lat in (
        (by_seat, "gov_seat_lon_gcj02", "gov_seat_lat_gcj02"),
        (by_centroid, "centroid_lon", "centroid_lat"),
    ):
        assert value(MACROS.distance_km(here[lon], here[lat], there[lon], there[lat])) == pytest.approx(
            golden, abs=0.051
        )
