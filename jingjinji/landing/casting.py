"""Text → typed value, as SQL expressions. Pure: nothing here reads or writes.

Every expression gives NULL for text it cannot read; `conform.py` turns a NULL from a non-empty text into a fault.
"""

from __future__ import annotations

from jingjinji.codes import units
from jingjinji.contracts import MOMENT_TYPES, NUMBER_TYPES, Column, FeedColumn

FULL_WIDTH = "０１２３４５６７８９．，－＋：／（）％　"
HALF_WIDTH = "0123456789.,-+:/()% "

# One pattern per declared style, all with the groups y, mo, d, h, mi, s, z (a missing group is '').
MOMENT_PATTERNS = {
    "iso": r"^((?:19|20)\d\d)-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?$",
    "zh": r"^((?:19|20)\d\d)年(?:(\d{1,2})月(?:(\d{1,2})日(?:\s*(\d{1,2})[时点:](?:(\d{1,2})分?(?:(\d{1,2})秒)?)?)?)?)?()$",
    "slash": r"^((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?()$",
    "compact": r"^((?:19|20)\d\d)(\d{2})(\d{2})(?:(\d{2})(\d{2})?(\d{2})?)?()$",
}
EXCEL_SERIAL = r"^\d{5}(\.\d+)?$"

# try_cast throughout: DuckDB computes a common part of several branches once, also for rows that take none of them.
# Shared by all generated statements; a connection that conforms runs this once.
MACROS = """
create or replace temp macro moment_of(p, at_end) as
    case
        when p.y = '' then null
        when p.mo = '' and at_end then try_cast((try_cast(p.y as int) + 1) || '-01-01' as timestamp) - interval 1 second
        when p.mo = '' then try_cast(p.y || '-01-01' as timestamp)
        when p.d = '' and at_end
            then try_cast(p.y || '-' || p.mo || '-1' as timestamp) + interval 1 month - interval 1 second
        when p.d = '' then try_cast(p.y || '-' || p.mo || '-1' as timestamp)
        when p.h = '' and at_end
            then try_cast(p.y || '-' || p.mo || '-' || p.d as timestamp) + interval 1 day - interval 1 second
        when p.h = '' then try_cast(p.y || '-' || p.mo || '-' || p.d as timestamp)
        when try_cast(p.h as int) > 24 or coalesce(try_cast(p.mi as int), 0) > 59 or coalesce(try_cast(p.s as int), 0) > 59 then null
        when try_cast(p.h as int) = 24 and (coalesce(try_cast(p.mi as int), 0) > 0 or coalesce(try_cast(p.s as int), 0) > 0) then null
        else try_cast(p.y || '-' || p.mo || '-' || p.d as timestamp)
            + to_seconds(
                try_cast(p.h as int) * 3600 + coalesce(try_cast(p.mi as int), 0) * 60 + coalesce(try_cast(p.s as int), 0)
                - case
                    when p.z in ('', '+08:00', '+0800') then 0
                    when p.z = 'Z' then -8 * 3600
                    else try_cast(left(p.z, 1) || '1' as int)
                        * (try_cast(substr(p.z, 2, 2) as int) * 3600 + try_cast(right(p.z, 2) as int) * 60) - 8 * 3600
                end)
    end;
create or replace temp macro number_of(x) as
    case
        -- nearly every number: DuckDB reads an 18-digit decimal a hundred times faster than a 28-digit one
        when regexp_full_match(x, '[+-]?\\d{1,11}(\\.\\d{1,6})?') then try_cast(x as decimal(18, 6))::decimal(28, 8)
        when regexp_full_match(x, '[+-]?(\\d{1,3}(,\\d{3})+|\\d+)(\\.\\d+)?([eE][+-]?\\d+)?')
            then try_cast(replace(x, ',', '') as decimal(28, 8))
    end;
"""


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def blanked(cell: str, half_width: bool) -> str:
    """`cell` without surrounding blanks; in half-width forms where it is no free text."""
    blanks = "' \t\r\n' || chr(160) || chr(12288) || chr(65279)"
    text = f"trim({cell}, {blanks})"
    if half_width:
        text = f"translate({text}, {quote(FULL_WIDTH)}, {quote(HALF_WIDTH)})"
    # Plain ASCII, as long in bytes as in characters, has none of the wide forms and needs none of this work.
    return f"case when strlen({cell}) = length({cell}) then trim({cell}, ' \t\r\n') else {text} end"


def nulled(text: str, null_values: tuple[str, ...]) -> str:
    """NULL where a text is empty or one of the feed's words for nothing."""
    nothing = ", ".join(quote(value) for value in ("", *null_values))
    return f"case when {text} in ({nothing}) then null else {text} end"


def parts(text: str, source: FeedColumn, column: Column) -> dict[str, str]:
    """What `typed` needs more than once of a text, by the name it is to be given: computed in a step of its own."""
    if column.type in NUMBER_TYPES:
        return {f"n_{text}": f"number_of({text})"}
    if column.type not in MOMENT_TYPES:
        return {}
    groups = "['y', 'mo', 'd', 'h', 'mi', 's', 'z']"
    return {
        f"p_{text}_{style}": f"regexp_extract({text}, {quote(MOMENT_PATTERNS[style])}, {groups})"
        for style in _styles(source)
        if style in MOMENT_PATTERNS
    }


def _styles(source: FeedColumn) -> dict[str, None]:
    # A workbook's date cells arrive as ISO text, so a feed that expects serial dates expects those as well.
    return dict.fromkeys(("iso", *source.formats) if "excel" in source.formats else source.formats)


def moment(text: str, source: FeedColumn, column: Column, epoch_1904: bool) -> str:
    """A wall-clock time of Asia/Shanghai from any of the declared styles; 24:00 is the next day. Years 1900 to 2099."""
    at_end = str(column.partial == "end").lower()
    found = [f"moment_of({part}, {at_end})" for part in parts(text, source, column)]
    if "excel" in source.formats:
        epoch = "1904-01-01" if epoch_1904 else "1899-12-30"
        seconds = f"to_seconds(try_cast(round(try_cast({text} as double) * 86400) as bigint))"
        last_second = f" + case when {text} not like '%.%' then interval 86399 second else interval 0 second end"
        serial = f"timestamp '{epoch}' + {seconds}{last_second if column.partial == 'end' else ''}"
        found.append(f"case when regexp_full_match({text}, {quote(EXCEL_SERIAL[1:-1])}) then {serial} end")
    value = f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]
    return f"({value})::date" if column.type == "date" else value


def number(text: str, unit: str | None, column: Column) -> str:
    """A number in the base unit of the column, exact in decimals; NULL when unreadable or beyond 10^15."""
    factor = units()[unit] if unit else None
    read = value = f"n_{text}"
    if factor and (factor.numerator, factor.denominator) != (1, 1):
        product = f"{read} * {factor.numerator}::decimal(10, 0)"
        value = f"({product})" if factor.denominator == 1 else f"round(({product})::double / {factor.denominator}, 4)"
    guarded = f"case when abs({read}) < 1e15 then {value} end"
    # Whether a count is whole is judged apart, so that 12.5 people is not silently 13.
    return f"try_cast({guarded} as {'decimal(28, 8)' if column.type == 'count' else column.sql_type})"


def code(text: str, source: FeedColumn) -> str:
    """The agreed code for a native one."""
    if not source.map:
        return text
    cases = " ".join(f"when {quote(native)} then {quote(agreed)}" for native, agreed in source.map.items())
    return f"case {text} {cases} else {text} end"


def typed(text: str, source: FeedColumn, column: Column, unit: str | None, epoch_1904: bool) -> str:
    """The expression for one column of one delivery, from trimmed text to the landed value."""
    if column.type in MOMENT_TYPES:
        return moment(text, source, column, epoch_1904)
    if column.type == "year":
        year = f"try_cast(regexp_extract({text}, '^(\\d{{4}})年?$', 1) as integer)"
        return f"case when {year} between 1900 and 2100 then {year} end"
    if column.type in NUMBER_TYPES:
        return number(text, unit, column)
    return code(text, source)
