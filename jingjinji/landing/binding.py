"""Which cell of one delivery fills which agreed column. Pure: no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jingjinji.contracts import Feed, FeedColumn, Standard, header_pattern, normal_header
from jingjinji.landing.detect import UnreadableError
from jingjinji.landing.sheets import Sheet, shown_header

SECRECY_HEADER = "密级"


@dataclass(frozen=True)
class Bound:
    """One agreed column bound to this delivery: the cell it comes from (None = constant), native header and unit."""

    name: str
    cell: str | None
    header: str
    unit: str | None
    source: FeedColumn


def bind(standard: Standard, feed: Feed, sheet: Sheet) -> tuple[Bound, ...]:
    """Find the cell of each agreed column in this delivery.

    Raises:
        UnreadableError: a header the feed does not know (F05), or a declared one that is missing (F06);
            the message names file, column and the line to add.
    """
    normal = [normal_header(h) for h in sheet.headers]
    used: set[int] = set()
    bounds, missing = [], []
    for name, source in feed.columns.items():
        if source.value is not None:
            bounds.append(Bound(name, None, "", source.unit, source))
            continue
        pattern = header_pattern(source.source or "")
        found = [(i, m) for i, h in enumerate(normal) if (m := pattern.fullmatch(h)) and _unit_fits(m, source)]
        if len(found) > 1:
            where = "、".join(sheet.headers[i] for i, _ in found)
            raise UnreadableError("F05", f"列“{source.source}”出现了{len(found)}次：{where}", "请只保留一列")
        if found:
            at, match = found[0]
            used.add(at)
            bounds.append(
                Bound(name, f"c{at}", sheet.headers[at], match.groupdict().get("unit") or source.unit, source)
            )
        elif not _may_be_absent(standard, feed, name, source):
            missing.append((name, shown_header(feed, source.source or "")))
    used |= _other_known(feed, normal)
    unknown = [sheet.headers[i] for i, h in enumerate(normal) if h and i not in used]
    if unknown or missing:
        raise _header_error(feed, unknown, missing)
    return tuple(bounds)


def _unit_fits(match: re.Match[str], source: FeedColumn) -> bool:
    return not source.units or match.groupdict().get("unit") in source.units


def _may_be_absent(standard: Standard, feed: Feed, name: str, source: FeedColumn) -> bool:
    """JSON leaves out what it has no value for; a table may only where the feed says `optional`."""
    return source.optional or (feed.format == "json" and not standard.columns[name].required)


def _other_known(feed: Feed, normal: list[str]) -> set[int]:
    patterns = [header_pattern(text) for text in (*feed.ignore, SECRECY_HEADER)]
    if feed.unpivot:
        patterns.append(header_pattern(feed.unpivot.header))
    return {i for i, h in enumerate(normal) if any(p.fullmatch(h) for p in patterns)}


def _header_error(feed: Feed, unknown: list[str], missing: list[tuple[str, str]]) -> UnreadableError:
    parts, fix = [], []
    if unknown:
        parts.append("有约定之外的列：" + "、".join(f"“{h}”" for h in unknown))
    if missing:
        parts.append("缺少约定的列：" + "、".join(f"“{h}”" for _, h in missing))
    if unknown and missing:
        fix.append(f"若“{unknown[0]}”就是“{missing[0][1]}”，请改回约定的表头，")
        fix.append(f"或由数据工程师在 feeds/{feed.feed_id}.yml 写入 columns: {missing[0][0]}: {{from: '{unknown[0]}'}}")
    elif unknown:
        fix.append(f"若无需读取，请在 feeds/{feed.feed_id}.yml 写入 ignore: ['{unknown[0]}']；否则写明它对应的列")
    else:
        fix.append(f"请补上该列后重新报送，或在 feeds/{feed.feed_id}.yml 标为 optional: true")
    return UnreadableError("F05" if unknown else "F06", "；".join(parts), "".join(fix))
