"""Text → typed value, as SQL expressions. Pure: nothing here reads or writes.

Every expression gives NULL for text it cannot read; `conform.py` turns a NULL from a non-empty text into a fault. What many
columns need is written once, as a macro that a list of texts goes through: DuckDB plans it once, however many columns there are.
Where nearly all values have one plain form, that form is read by a quick branch; the rest goes through the exact one.
"""

from __future__ import annotations

from dataclasses import dataclass

from jingjinji.codes import units
from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, Column, FeedColumn
from jingjinji.landing.workbooks import MARKERS

FULL_WIDTH = "０１２３４５６７８９．，－＋：／（）％　"
HALF_WIDTH = "0123456789.,-+:/()% "
BLANKS = " \t\r\n\u00a0\u3000\ufeff"

# One pattern per declared style, all with the groups y, mo, d, h, mi, s, z (a missing group is '').
MOMENT_PATTERNS = {
    "iso": r"^((?:19|20)\d\d)-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?$",
    "zh": r"^((?:19|20)\d\d)年(?:(\d{1,2})月(?:(\d{1,2})日(?:\s*(\d{1,2})[时点:](?:(\d{1,2})分?(?:(\d{1,2})秒)?)?)?)?)?()$",
    "slash": r"^((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?()$",
    "compact": r"^((?:19|20)\d\d)(\d{2})(\d{2})(?:(\d{2})(\d{2})?(\d{2})?)?()$",
}
# What no sender means as an identifier: one that a spreadsheet has cut to a few digits, quoted or made a formula; a list of JSON.
SPOILT_ID = r"""\d(?:\.\d+)?[eE][+-]\d+|\[.*\]|\{.*\}|[='\x0c].*"""
EXCEL_SERIAL = r"^\d{5}(\.\d+)?$"


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


# try_cast throughout: DuckDB computes a common part of several branches once, also for rows that take none of them.
# Shared by all generated statements; a database that conforms runs this once.
MACROS = rf"""
-- Plain texts, which are nearly all, hold no blank and no wide form and are left as they are.
create or replace macro without_blanks(x) as
    case when regexp_matches(x, '[\s\x{{A0}}\x{{3000}}\x{{FEFF}}]') then trim(x, {quote(BLANKS)}) else x end;
create or replace macro half_width(x) as
    case when regexp_matches(x, '[\s\x{{A0}}\x{{3000}}\x{{FEFF}}０-９．，－＋：／（）％]')
        then translate(trim(x, {quote(BLANKS)}), {quote(FULL_WIDTH)}, {quote(HALF_WIDTH)}) else x end;
create or replace macro is_no_datum(x) as
    case when starts_with(x, '#')
        then x in ({", ".join(quote(m) for m in MARKERS)}) or regexp_full_match(x, '#[A-Z/0!?]+') else false end;
create or replace macro number_of(x) as
    case
        -- nearly every number: DuckDB reads an 18-digit decimal a hundred times faster than a 28-digit one
        when regexp_full_match(x, '[+-]?\d{{1,11}}(\.\d{{1,6}})?') then try_cast(x as decimal(18, 6))::decimal(28, 8)
        when regexp_full_match(x, '[+-]?(\d{{1,3}}(,\d{{3}})+|\d+)(\.\d+)?([eE][+-]?\d+)?')
            then try_cast(replace(x, ',', '') as decimal(28, 8))
    end;
create or replace macro quick_iso(x, at_end) as
    case
        when regexp_full_match(x, '(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\+08:00)?') then try_cast(left(x, 19) as timestamp)
        when regexp_full_match(x, '(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d(?:\+08:00)?') then try_cast(left(x, 16) || ':00' as timestamp)
        when regexp_full_match(x, '(?:19|20)\d\d-\d\d-\d\d')
            then try_cast(x as timestamp) + to_seconds(case when at_end then 86399 else 0 end)
    end;
-- The first five characters say that the year is one of these centuries, the last one which form to try.
create or replace macro quick_zh(x, at_end) as
    case
        when not (starts_with(x, '20') or starts_with(x, '19')) or substr(x, 5, 1) <> '年' then null
        when ends_with(x, '时') then try_strptime(x, '%Y年%m月%d日%H时')
        when ends_with(x, '日') then try_strptime(x, '%Y年%m月%d日') + to_seconds(case when at_end then 86399 else 0 end)
        when ends_with(x, '分') then try_strptime(x, '%Y年%m月%d日%H时%M分')
    end;
create or replace macro clock_of(h, mi, s, z) as
    case
        when h > 24 or mi > 59 or s > 59 or (h = 24 and mi + s > 0) then null
        else to_seconds(h * 3600 + mi * 60 + s - case
            when z in ('', '+08:00', '+0800') then 0
            when z = 'Z' then -8 * 3600
            else try_cast(left(z, 1) || '1' as int)
                * (try_cast(substr(z, 2, 2) as int) * 3600 + try_cast(right(z, 2) as int) * 60) - 8 * 3600
        end)
    end;
create or replace macro moment_of(p, at_end) as
    try_cast(p.y || '-' || coalesce(nullif(p.mo, ''), '1') || '-' || coalesce(nullif(p.d, ''), '1') as timestamp)
    + case
        when p.h <> ''
            then clock_of(try_cast(p.h as int), coalesce(try_cast(p.mi as int), 0), coalesce(try_cast(p.s as int), 0), p.z)
        when not at_end then to_seconds(0)
        when p.d <> '' then interval 1 day
        when p.mo <> '' then interval 1 month
        else interval 1 year
    end
    - to_seconds(case when at_end and p.h = '' then 1 else 0 end);
create or replace macro serial_of(x, epoch, at_end) as
    case when regexp_full_match(x, {quote(EXCEL_SERIAL[1:-1])})
        then epoch + to_seconds(try_cast(round(try_cast(x as double) * 86400) as bigint))
            + to_seconds(case when at_end and x not like '%.%' then 86399 else 0 end)
    end;
"""


def texts(cells: list[str], null_values: tuple[str, ...], *, free: bool) -> str:
    """List of the texts of some cells without surrounding blanks, NULL where one of the feed's words for nothing stands.

    Args:
        cells: columns of the sheet.
        null_values: the feed's words for nothing.
        free: free text keeps its wide forms; everything else is brought to half-width forms.
    """
    macro, nothing = "without_blanks" if free else "half_width", ", ".join(quote(v) for v in ("", *null_values))
    trimmed = f"list_transform([{', '.join(cells)}]::varchar[], lambda x: {macro}(x))"
    return f"list_transform({trimmed}, lambda x: case when x in ({nothing}) then null else x end)"


def small_counts(texts: list[str]) -> str:
    """List of the numbers that are nothing but up to nine digits, BIGINT: nearly all, and many times faster to work with."""
    quick = "case when regexp_full_match(x, '\\d{1,9}') then try_cast(x as bigint) end"
    return f"list_transform([{', '.join(texts)}]::varchar[], lambda x: {quick})"


def numbers(texts: list[str], small: str) -> str:
    """List of the numbers that stand in some texts, DECIMAL(28, 8); NULL for those that the list `small` holds already."""
    exact = f"case when x is not null and {small}[i] is null then number_of(x) end"
    return f"list_transform([{', '.join(texts)}]::varchar[], lambda x, i: {exact})"


def moment_kind(source: FeedColumn, column: Column) -> tuple[tuple[str, ...], bool]:
    """Columns of one kind are read by one expression: the declared styles, and whether a mere day means its end."""
    # A workbook's date cells arrive as ISO text, so a feed that expects serial dates expects those as well.
    styles = dict.fromkeys(("iso", *source.formats) if "excel" in source.formats else source.formats)
    return tuple(styles), column.partial == "end"


def quick_moment(text: str, kind: tuple[tuple[str, ...], bool]) -> str | None:
    """One text as `moments` reads it where it stands in the plain form of its style; None where a declared style has none."""
    if not kind[0] or not set(kind[0]) <= {"iso", "zh"}:
        return None
    return f"coalesce({', '.join(f'quick_{style}({text}, {str(kind[1]).lower()})' for style in kind[0])})"


def moments(texts: list[str], kind: tuple[tuple[str, ...], bool], epoch_1904: bool) -> str:
    """List of wall-clock times of Asia/Shanghai from any of the declared styles; 24:00 is the next day. Years 1900 to 2099."""
    styles, at_end = kind[0], str(kind[1]).lower()
    groups = "['y', 'mo', 'd', 'h', 'mi', 's', 'z']"
    quick = [f"quick_{style}(x, {at_end})" for style in styles if style in ("iso", "zh")]
    parts = [f"regexp_extract(x, {quote(MOMENT_PATTERNS[s])}, {groups})" for s in styles if s in MOMENT_PATTERNS]
    matched = f"list_filter([{', '.join(parts)}], lambda p: p.y <> '')"
    exact = [f"list_transform({matched}, lambda p: moment_of(p, {at_end}))[1]"] if parts else []
    epoch = f"timestamp '{'1904-01-01' if epoch_1904 else '1899-12-30'}'"
    serial = [f"serial_of(x, {epoch}, {at_end})"] if "excel" in styles else []
    found = f"case when x is not null then coalesce({', '.join([*quick, *serial, *exact])}) end"
    return f"list_transform([{', '.join(texts)}]::varchar[], lambda x: {found})"


@dataclass(frozen=True)
class Read:
    """Where in the statement the value of a text stands: a moment, or a number (`small` where it is one of `small_counts`)."""

    exact: str = "null"
    small: str = "null"


def in_base_unit(value: str, unit: str | None) -> str:
    """A number of `unit` in the base unit: exact, or, where the base unit is a fraction of it, rounded to four decimals."""
    factor = units()[unit] if unit else None
    if not factor or (factor.numerator, factor.denominator) == (1, 1):
        return value
    product = f"{value} * {factor.numerator}"
    return f"({product})" if factor.denominator == 1 else f"round(({product})::double / {factor.denominator}, 4)"


def number(read: Read, unit: str | None, column: Column) -> str:
    """A number in the base unit of the column; NULL when unreadable or beyond 10^15. A count is rounded; `is_part` tells."""
    exact, small = in_base_unit(read.exact, unit), in_base_unit(read.small, unit)
    guarded = f"case when abs({exact if column.type == 'count' else read.exact}) < 1000000000000000 then {exact} end"
    return f"coalesce(try_cast({small} as {column.sql_type}), try_cast({guarded} as {column.sql_type}))"


def is_part(read: Read, unit: str | None) -> str:
    """Whether a number is not whole in the base unit: 12.5 people must not silently be 13."""
    exact = in_base_unit(read.exact, unit)
    return f"{exact} <> trunc({exact})"


def code(text: str, source: FeedColumn) -> str:
    """The agreed code for a native one."""
    if not source.map:
        return text
    # cells other than free text come in half-width forms, whatever form the feed writes the native code in
    to_half = str.maketrans(FULL_WIDTH, HALF_WIDTH)
    agreed_codes = {
        spelled: agreed for native, agreed in source.map.items() for spelled in (native, native.translate(to_half))
    }
    cases = " ".join(f"when {quote(native)} then {quote(agreed)}" for native, agreed in agreed_codes.items())
    return f"case {text} {cases} else {text} end"


def typed(text: str, read: Read, source: FeedColumn, column: Column, unit: str | None) -> str:
    """The expression for one column of one delivery.

    Args:
        text: the trimmed text.
        read: the number or moment it was read as, where the column is of such a type.
        source: how the feed fills the column.
        column: the agreed column.
        unit: in which the feed sends it.
    """
    if column.type in MOMENT_TYPES:
        return f"({read.exact})::date" if column.type == "date" else read.exact
    if column.type == "year":
        year = f"try_cast(regexp_extract({text}, '^(\\d{{4}})年?$', 1) as integer)"
        return f"case when {year} between 1900 and 2100 then {year} end"
    if column.type in NUMBER_TYPES:
        return number(read, unit, column)
    return code(text, source)
