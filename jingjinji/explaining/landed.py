"""What the landing zone says of a delivery and of one of its rows. Reads manifests, landed rows and, if asked, the archive."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb

from jingjinji.contracts import Contracts, Feed, Standard, rule_set_version
from jingjinji.explaining.facts import DeliveryFacts, Warned
from jingjinji.landing.receipts import shown
from jingjinji.landing.sheets import shown_header
from jingjinji.paths import Home
from jingjinji.release.store import Release, list_releases

UNITS_OF_PLACE = {"csv": "第{row}行", "xlsx": "第{row}行", "xls": "第{row}行", "json": "第{row}条记录"}


def manifest_of(place: Home, feed_id: str, delivery_id: str, version: int | None) -> dict[str, Any] | None:
    """`delivery.json` of one conforming of a delivery; None where the landing zone does not hold it."""
    folder = place.deliveries / feed_id / delivery_id
    path = folder / f"v{version or 0:04d}" / "delivery.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def delivery_facts(place: Home, release: Release, row: dict[str, Any], contracts: Contracts) -> DeliveryFacts:
    """A delivery of a release.

    Args:
        row: its row of `fct_deliveries`.
        contracts: standards and feeds as they are today.
    """
    feed = contracts.feeds.get(row["feed_id"])
    standard = contracts.standards.get(row["dataset"])
    version = int(row["conform_version"])
    manifest = manifest_of(place, row["feed_id"], row["delivery_id"], version)
    folder = place.deliveries / row["feed_id"] / row["delivery_id"]
    newest = max((int(p.parent.name[1:]) for p in folder.glob("v[0-9]*/delivery.json")), default=version)
    digest = row["file_sha256"]
    return DeliveryFacts(
        delivery_id=row["delivery_id"], feed_id=row["feed_id"], feed_title=feed.title.zh if feed else row["feed_id"],
        standard_title=standard.title.zh if standard else row["dataset"], sender=feed.sender if feed else "",
        file_name=row["file_name"], file_sha256=digest, period=row["period"],
        format=((manifest or {}).get("detected") or {}).get("format"), status=row["status"], received_at=row["landed_at"],
        conform_version=version, newer_version=newest if newest > version else None,
        rule_set_version=row["rule_set_version"],
        rules_today=rule_set_version(standard, feed) if feed and standard else None,
        is_archived=(place.archive / digest[:2] / digest).exists(), is_manifest=manifest is not None,
        first_release=_first_release(place, release, row["delivery_id"]),
    )  # fmt: skip


def _first_release(place: Home, release: Release, delivery_id: str) -> str | None:
    """The oldest release on disk that used the delivery."""
    using = [
        state.release.release_id
        for state in list_releases(place)
        if any(d.delivery_id == delivery_id for d in state.release.deliveries)
    ]
    return using[-1] if using else release.release_id


def place_of(feed: Feed | None, file_format: str | None, row_number: int | None) -> str:
    """Where the sender finds the row."""
    if row_number is None:
        return "整份报送"
    row = UNITS_OF_PLACE.get(file_format or (feed.format if feed else ""), "第{row}行").format(row=row_number)
    return f"工作表“{feed.sheet}”{row}" if feed and feed.sheet else row


def native_of(feed: Feed | None, column: str) -> str | None:
    """How a feed fills a column: header and unit as declared."""
    source = feed.columns.get(column) if feed else None
    if feed is None or source is None:
        return None
    if source.value is not None:
        return f"固定值 {source.value}"
    header = shown_header(feed, source.source or "")
    return f"{header}（{source.unit}）" if source.unit and f"({source.unit})" not in header else header


def landed_value(place: Home, facts: DeliveryFacts, row_number: int | None, column: str, standard: Standard) -> Any:
    """What the landed row states for a column, in its base unit; None where it states nothing or is not at hand."""
    agreed = standard.columns.get(column)
    path = _version(place, facts) / "accepted.parquet"
    if agreed is None or agreed.personal or row_number is None or not path.exists():
        return None
    with duckdb.connect() as con:
        names = {name for (name, *_) in con.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()}
        if column not in names:
            return None
        found = con.execute(
            f'select "{column}" from read_parquet(?) where row_number = ?', [str(path), row_number]
        ).fetchall()
    return found[0][0] if len(found) == 1 else None


def has_landed_row(place: Home, facts: DeliveryFacts, row_number: int) -> bool:
    """Whether the landed rows of the delivery are at hand and hold that row."""
    path = _version(place, facts) / "accepted.parquet"
    if not path.exists():
        return False
    found = duckdb.execute(
        "select count(*) from read_parquet(?) where row_number = ?", [str(path), row_number]
    ).fetchone()
    return bool(found and found[0])


def warnings_of(place: Home, facts: DeliveryFacts, row_number: int, standard: Standard) -> list[Warned]:
    """What landing warned of in the row, with the words of the standard's rule; values masked."""
    path = _version(place, facts) / "warnings.parquet"
    if not path.exists():
        return []
    found = duckdb.execute(
        "select rule_id, column_name, value from read_parquet(?) where row_number = ? order by all",
        [str(path), row_number],
    ).fetchall()
    return [_warned(standard, *row) for row in found]


def _warned(standard: Standard, rule_id: str, column: str, value: str | None) -> Warned:
    rule, agreed = standard.rules.get(rule_id), standard.columns.get(column)
    return Warned(
        rule_id=rule_id, title_zh=rule.zh if rule else rule_id, column=column, severity="warning", found_by="landing",
        value=shown(value, bool(agreed and agreed.personal)), source=rule.source if rule else None,
    )  # fmt: skip


def _version(place: Home, facts: DeliveryFacts) -> Path:
    return place.deliveries / facts.feed_id / facts.delivery_id / f"v{facts.conform_version:04d}"


# ---------------------------------------------------------------- the native cells, only when asked for


def native_cells(place: Home, facts: DeliveryFacts, row_number: int, feed: Feed, standard: Standard) -> dict[str, str]:
    """Header → cell of one row as it was sent, from the archived bytes. Personal columns and numbers are masked.

    Raises:
        UnreadableError: the archived bytes cannot be read with today's feed.
    """
    from jingjinji.contracts import header_pattern, normal_header
    from jingjinji.landing import scratch_folder
    from jingjinji.landing.detect import detect
    from jingjinji.landing.readers import read

    path = place.archive / facts.file_sha256[:2] / facts.file_sha256
    personal = [
        header_pattern(source.source)
        for name, source in feed.columns.items()
        if source.source and standard.columns[name].personal
    ]
    with scratch_folder(place) as scratch, duckdb.connect() as con:
        sheet = read(con, path, detect(path, feed.encoding), feed, scratch)
        names = ", ".join(f"c{i}" for i in range(len(sheet.headers)))
        at = row_number - sheet.offset - 1  # `cells` is in the order of the rows
        found = con.execute(f"select {names} from cells limit 1 offset {at}").fetchone()
    cells = zip(sheet.headers, found or (), strict=False)
    return {
        header: shown(cell, any(p.fullmatch(normal_header(header)) for p in personal)) or ""
        for header, cell in cells
        if header and cell is not None and cell.strip()
    }


def day_of(moment: dt.datetime | None) -> str:
    """A moment as people read it; empty where there is none."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
