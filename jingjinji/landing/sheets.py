"""Where the header of a table stands and what it says: the part that is the same for every format."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from functools import cache

from jingjinji.contracts import Feed, header_pattern, load_contracts, normal_header
from jingjinji.landing.detect import UnreadableError

HEADER_WITHIN = 30  # rows from the top in which a header is looked for


@dataclass(frozen=True)
class Sheet:
    """What a reader found.

    `headers[i]` is the native header of column `c<i>` (for JSON the dotted path); `first_row` is the first row of data in the
    sender's own counting, in which the first row of `cells` is `offset` + 1; `titles` are the rows above the header; `spare` are
    cells kept beyond the header; `epoch_1904` says that serial dates count from 1904; `notes` are for the sender's receipt.
    """

    headers: tuple[str, ...]
    first_row: int
    titles: int = 0
    spare: int = 0
    epoch_1904: bool = False
    offset: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def unnamed(self) -> tuple[int, ...]:
        """Columns without a header that stand among or behind those with one."""
        return tuple(i for i, header in enumerate(self.headers) if not header)


def _declared_patterns(feed: Feed) -> list[str]:
    declared = [c.source for c in feed.columns.values() if c.source] + list(feed.ignore)
    return declared + ([feed.unpivot.header] if feed.unpivot else [])


def count_known(headers: list[str], feed: Feed) -> int:
    """How many of `headers` the feed declares."""
    literal, patterns = _known_headers(tuple(_declared_patterns(feed)))
    normal = [normal_header(h) for h in headers if h]
    return sum(h in literal or any(p.fullmatch(h) for p in patterns) for h in normal)


@cache
def _known_headers(declared: tuple[str, ...]) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Declared headers as they are, and those with a part in braces as patterns."""
    with_parts = [text for text in declared if "{" in text]
    literal = frozenset(normal_header(text) for text in declared if "{" not in text)
    return literal, tuple(header_pattern(text) for text in with_parts)


def join_header(rows: list[list[str]], merged: bool) -> list[str]:
    """Texts of one or two header rows, column by column; an empty upper cell continues the one to its left."""
    if len(rows) == 1:
        return rows[0]
    width = max(map(len, rows))
    upper, lower = (row + [""] * (width - len(row)) for row in rows)
    if not merged:
        filled = itertools.accumulate(upper, lambda left, cell: str(cell or left))
        upper = list(filled)
    pairs = zip(upper, lower, strict=True)
    return ["/".join(dict.fromkeys(part for part in pair if part)) if pair[1] else pair[0] for pair in pairs]


def best_header(rows: list[list[str]], feed: Feed, merged: bool = False) -> tuple[int, int, list[str]]:
    """Where most declared headers stand: how many, the index of the first header row, and the joined headers."""
    best, best_at, best_headers = 0, 0, [""]
    for at in range(min(HEADER_WITHIN, len(rows) - feed.header_rows + 1)):
        headers = join_header(rows[at : at + feed.header_rows], merged)
        known = count_known(headers, feed)
        if known > best:
            best, best_at, best_headers = known, at, headers
    return best, best_at, best_headers


def find_header(rows: list[list[str]], feed: Feed, merged: bool = False) -> tuple[int, list[str]]:
    """Index of the first header row and the joined headers.

    It is the row that knows most, unless one above it is a header as well (with a name mistyped, or of another table): then that
    one, since what stands between the two is data, and above a header nothing is counted.

    Raises:
        UnreadableError: F04, fewer than half of what is declared, or of what stands there, is known.
    """
    best, best_at, best_headers = best_header(rows, feed, merged)
    needed = sum(1 for c in feed.columns.values() if c.source and not c.optional)
    if best == 0 or best * 2 < min(needed, len([h for h in best_headers if h])):
        raise UnreadableError("F04", no_header_message(rows, feed), "请核对是否报错了文件，或表头是否被改动")
    for at in range(best_at - feed.header_rows + 1):
        headers = join_header(rows[at : at + feed.header_rows], merged)
        if count_known(headers, feed) * 2 >= max(needed, best):
            return at, headers
    return best_at, best_headers


def no_header_message(rows: list[list[str]], feed: Feed) -> str:
    """What is missing, and which feed the file looks like. Cells are not quoted: without a header they may be anybody's data."""
    expected = "、".join(shown_header(feed, text) for text in _declared_patterns(feed))[:160]
    message = f"前{HEADER_WITHIN}行里没有“{feed.title.zh}”的表头（应有：{expected}）"
    others = [f for f in load_contracts().feeds.values() if f.feed_id != feed.feed_id]
    known = {f.feed_id: max((count_known(row, f) for row in rows[:HEADER_WITHIN]), default=0) for f in others}
    likely = max(others, key=lambda f: known[f.feed_id], default=None)
    if likely and known[likely.feed_id] * 2 >= len(_declared_patterns(likely)):
        message += f"；它的表头与“{likely.title.zh}”（{likely.feed_id}）相符"
    return message


def shown_header(feed: Feed, text: str) -> str:
    """A declared header as a sender writes it: `受灾人口({unit})` with the units it may carry."""
    units = next(("/".join(c.units) for c in feed.columns.values() if c.source == text and c.units), "{unit}")
    return text.replace("{unit}", units)
