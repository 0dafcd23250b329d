"""Yearly statistics as published (National Bureau of Statistics, annual data by province), few enough to check by eye."""

from __future__ import annotations

from datetime import datetime

NEW, OLD = "revised_after_5th_econ_census(2023)", "after_4th_census(2018),before_5th"
POPULATION_VINTAGE, DISASTER_VINTAGE = "after_2020_census", "as_downloaded_2026-06"
OLD_KNOWN, NEW_KNOWN, DISASTERS_KNOWN = datetime(2024, 3, 21, 12), datetime(2025, 3, 21, 12), datetime(2026, 6, 30, 23)

BEIJING, TIANJIN, HEBEI = "110000", "120000", "130000"
GDP_100M_CNY = {
    (BEIJING, OLD): {2021: 41045.6, 2022: 41540.9, 2023: 43760.7},
    (BEIJING, NEW): {2021: 44350.7, 2022: 45222.4, 2023: 47353.7, 2024: 49670.2},
    (TIANJIN, NEW): {2017: 12468.2, 2023: 17211.8},
    (HEBEI, NEW): {2021: 41205.4, 2022: 43198.3, 2023: 45660.0, 2024: 47448.1},
}
POPULATION_10K = {
    BEIJING: {2021: 2189, 2022: 2184, 2023: 2186, 2024: 2183},
    TIANJIN: {2023: 1364, 2024: 1364},
    HEBEI: {2021: 7448, 2022: 7420, 2023: 7393, 2024: 7378},
}
# None is "not published", 0.0 is a published zero.
DEATHS: dict[str, dict[int, float | None]] = {
    BEIJING: {2021: 2, 2022: None, 2023: 61, 2024: 3},
    TIANJIN: {2023: None},
    HEBEI: {2021: 8, 2022: 15, 2023: 51, 2024: 7},
}
LOSS_100M_CNY: dict[str, dict[int, float | None]] = {
    BEIJING: {2012: 171.9, 2021: 13.0, 2022: 6.4, 2023: 637.7, 2024: 0.5},
    TIANJIN: {2017: 0.0, 2023: 52.3},
    HEBEI: {2021: 102.4, 2022: 9.5, 2023: 994.6, 2024: 16.2},
}

Row = tuple[str, int, str, float | None, str, str, datetime]


def statistics_rows() -> list[Row]:
    """region_code, year, statistic_name, value, value_unit, vintage, known_from (Asia/Shanghai); one row per value."""
    rows: list[Row] = []
    for (region, vintage), gdp in GDP_100M_CNY.items():
        known = NEW_KNOWN if vintage == NEW else OLD_KNOWN
        rows += [(region, year, "地区生产总值", value, "亿元", vintage, known) for year, value in gdp.items()]
    for region, people in POPULATION_10K.items():
        rows += [
            (region, y, "年末常住人口", value, "万人", POPULATION_VINTAGE, NEW_KNOWN) for y, value in people.items()
        ]
    for name, unit, table in (
        ("自然灾害受灾死亡人口", "人", DEATHS),
        ("自然灾害直接经济损失", "亿元", LOSS_100M_CNY),
    ):
        for region, values in table.items():
            rows += [(region, y, name, value, unit, DISASTER_VINTAGE, DISASTERS_KNOWN) for y, value in values.items()]
    return rows
