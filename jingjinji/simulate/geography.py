"""Where things are: counties, reporting units and points of the three regions, as the seeds of the dbt project hold them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from random import Random

from jingjinji.codes import rows_of

REGIONS = {"beijing": "110000", "tianjin": "120000", "hebei": "130000"}

# A point is moved by at most this from the point inside its county, in degrees: about two kilometres, hardly ever across a border.
SPREAD_DEGREES = 0.02


@dataclass(frozen=True)
class County:
    """A county-level division with a point inside it (WGS 84, degrees)."""

    code: str
    name: str
    prefecture: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Unit:
    """A unit that reports losses straight to its province or municipality; `level` is its own: county or city."""

    code: str
    name: str
    level: str


@cache
def counties(region_code: str) -> tuple[County, ...]:
    """County-level divisions of a region in the order of their codes (seed divisions)."""
    return tuple(
        County(row["code"], row["name"], row["parent_code"], float(row["inside_lon"]), float(row["inside_lat"]))
        for row in rows_of("divisions")
        if row["level"] == "county" and row["code"][:2] == region_code[:2] and row["inside_lon"]
    )


@cache
def reporting_units(region_code: str) -> tuple[Unit, ...]:
    """Units right below a region in the tree of reporting: the 14 lines of Hebei, the 17 units of Beijing (seed ref_reporting_units)."""
    return tuple(
        Unit(row["unit_code"], row["name_zh"], row["report_level"])
        for row in rows_of("ref_reporting_units")
        if row["parent_unit_code"] == region_code and row["region_code"] == region_code and row["unit_kind"] != "former"
    )


@cache
def _former_codes() -> dict[str, tuple[tuple[int, str], ...]]:
    """Successor → (year of the change, former code), where the former division passed whole into one successor."""
    found: dict[str, list[tuple[int, str]]] = {}
    for row in rows_of("division_successors"):
        if row["successor_code"] and row["change_year"] and row["old_code"] != row["successor_code"]:
            found.setdefault(row["successor_code"], []).append((int(row["change_year"]), row["old_code"]))
    return {code: tuple(changes) for code, changes in found.items()}


def code_in_use(rng: Random, code: str, year: int) -> str:
    """The code a sender writes in `year`: a former one before the change and, now and then, for two years after it."""
    for change_year, former in _former_codes().get(code, ()):
        if year < change_year or (year <= change_year + 2 and rng.random() < 0.2):
            return former
    return code


def point_in(rng: Random, county: County) -> tuple[float, float]:
    """Longitude and latitude (WGS 84, degrees, 6 decimals) near the county's own inner point."""
    lon = county.lon + rng.uniform(-SPREAD_DEGREES, SPREAD_DEGREES)
    lat = county.lat + rng.uniform(-SPREAD_DEGREES, SPREAD_DEGREES)
    return round(lon, 6), round(lat, 6)


@cache
def neighbours(region_code: str, max_km: float = 60) -> tuple[tuple[County, County], ...]:
    """Pairs (county of the region, county of another region) whose inner points lie within `max_km`."""
    foreign = [c for code in REGIONS.values() if code != region_code for c in counties(code)]
    return tuple((own, other) for own in counties(region_code) for other in foreign if _km(own, other) <= max_km)


def _km(a: County, b: County) -> float:
    dy = math.radians(a.lat - b.lat)
    dx = math.radians(a.lon - b.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    return 6371.0088 * math.hypot(dx, dy)


def gcj02(lon: float, lat: float) -> tuple[float, float]:
    """A WGS 84 point as Chinese map services show it (GCJ-02), degrees, 6 decimals.

    Source: the openly published approximation of the offset (Krasovsky 1940 ellipsoid), good to about a metre.
    """
    semi_major, eccentricity = 6378245.0, 0.00669342162296594323
    x, y = lon - 105.0, lat - 35.0
    wave = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    d_lat += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    d_lat += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    d_lon += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    d_lon += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    phi = math.radians(lat)
    magic = 1 - eccentricity * math.sin(phi) ** 2
    d_lat = d_lat * 180 / (semi_major * (1 - eccentricity) / (magic * math.sqrt(magic)) * math.pi)
    d_lon = d_lon * 180 / (semi_major / math.sqrt(magic) * math.cos(phi) * math.pi)
    return round(lon + d_lon, 6), round(lat + d_lat, 6)
