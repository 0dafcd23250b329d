"""Mobile and identity numbers: what counts as one, in Python and as the same question in SQL.

A column of codes or of a natural key holds region-prefixed ids, and some of them have the form of a mobile number
(13010020231: Shijiazhuang and a serial number). There, a whole value of eleven digits that begins with the code of a division
is an id, and so are eleven digits with letters next to them; anywhere else, and inside a longer text, they are a mobile number.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jingjinji.codes import code_list

if TYPE_CHECKING:
    from jingjinji.contracts import Contracts

# As one run, or as people write it (138-0000-1234, 138 0000 1234), with or without the country's 86 before it.
MOBILE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:\d{8}|-\d{4}-\d{4}| \d{4} \d{4})(?!\d)")
# Any mixture of blanks and dashes: looked for where a text is only masked, not where a delivery is held.
MOBILE_WRITTEN = re.compile(r"(?<!\d)(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
IDENTITY_WRITTEN = re.compile(r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[0-9Xx](?![0-9A-Za-z])")
# In an id, letters next to the digits make it another kind of number (HB15012023001).
MOBILE_IN_ID = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])")
IDENTITY = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
# A hash is 16 to 64 hex digits with letters among them; a run of digits in it is no number of a person.
HASH = re.compile(r"(?<![0-9A-Za-z])(?=[0-9a-f]*[a-f][0-9a-f]*[a-f])[0-9a-f]{16,64}(?![0-9A-Za-z])")
# GB 11643-1999, 4: weights of the first 17 digits, and the check character for the sum modulo 11.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
FULL_WIDTH_DIGITS, DIGITS = "０１２３４５６７８９", "0123456789"
DIVISION_DIGITS, MOBILE_DIGITS = 6, 11
MASKED = "***"


def personal_numbers(text: str, *, is_id: bool = False) -> list[str]:
    """Kinds of personal numbers in a text (`mobile`, `identity`); never the numbers themselves.

    Args:
        is_id: the text is the value of a column of `id_columns`.
    """
    rest = HASH.sub(" ", _half_width(text))
    mobile = MOBILE_IN_ID.search(rest) and not _is_regional_id(text) if is_id else MOBILE.search(rest)
    found = ["mobile"] if mobile else []
    return found + (["identity"] if any(is_identity_number(match) for match in IDENTITY.findall(rest)) else [])


def is_identity_number(text: str) -> bool:
    """Whether the check character of an 18-character identity number is right (GB 11643-1999)."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, text[:17], strict=True))
    return CHECK_CHARACTERS[total % 11] == text[17].upper()


def masked(text: str) -> str:
    """The text with every mobile number, and whatever has the form of an identity number, replaced by `***`."""
    if len(text) < MOBILE_DIGITS:
        return text
    parts, end = [], 0
    for found in HASH.finditer(text):
        parts += [_masked(text[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*parts, _masked(text[end:])])


def masked_facts(value: Any) -> Any:
    """The same for every text in lists and dictionaries."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_facts(item) for key, item in value.items()}
    return [masked_facts(item) for item in value] if isinstance(value, list | tuple) else value


def id_columns(contracts: Contracts) -> frozenset[str]:
    """Columns of the standards that hold codes or natural keys, those of other rows among them (`related_movement_id`)."""
    return frozenset(
        name
        for standard in contracts.standards.values()
        for name, column in standard.columns.items()
        if column.type == "code" or name in standard.key or (name.endswith("_id") and not column.personal)
    )


def holds_mobile_sql(column: str, *, is_id: bool) -> str:
    """DuckDB condition: the text column holds a mobile number. `{` and `}` are single."""
    likely = "1[3-9][0-9]{9}"
    if not is_id:
        column = f"translate({column}, '{FULL_WIDTH_DIGITS}', '{DIGITS}')"
        before = "(^|[^0-9])((00)?86)?"
        alone = (
            f"regexp_matches(token, '{before}{likely}([^0-9]|$)') and not regexp_matches(token, '^[0-9a-f]{{16,64}}$')"
        )
        written = f"{before}1[3-9][0-9](-[0-9]{{4}}-| [0-9]{{4}} )[0-9]{{4}}([^0-9]|$)"
        return f"({_some_token(column, likely, alone)} or coalesce(regexp_matches({column}, '{written}'), false))"
    prefixes = ", ".join(f"'{prefix}'" for prefix in _mobile_like_prefixes())
    regional = f"regexp_matches({column}, '^[0-9]{{11}}$') and left({column}, {DIVISION_DIGITS}) in ({prefixes})"
    found = _some_token(column, likely, f"regexp_matches(token, '^{likely}$')")
    return f"({found} and not ({regional}))"


def holds_identity_sql(column: str) -> str:
    """DuckDB condition: the text column holds an 18-character number whose check character is right. Braces are single."""
    total = " + ".join(
        f"{weight} * try_cast(substr(token, {position}, 1) as integer)" for position, weight in enumerate(WEIGHTS, 1)
    )
    right = f"substr('{CHECK_CHARACTERS}', 1 + ({total}) % 11, 1) = upper(substr(token, 18, 1))"
    return _some_token(column, "[0-9]{17}[0-9Xx]", f"regexp_matches(token, '^[0-9]{{17}}[0-9Xx]$') and {right}")


def _some_token(column: str, likely: str, condition: str) -> str:
    """Whether a run of letters and digits in the column meets the condition; the cheap look comes first."""
    tokens = f"regexp_extract_all({column}, '[0-9A-Za-z]+')"
    found = f"len(list_filter({tokens}, lambda token : coalesce({condition}, false))) > 0"
    return f"coalesce(case when regexp_matches({column}, '{likely}') then {found} end, false)"


def _is_regional_id(text: str) -> bool:
    return len(text) == 11 and text.isdecimal() and text[:DIVISION_DIGITS] in _mobile_like_prefixes()


@cache
def _mobile_like_prefixes() -> tuple[str, ...]:
    """Codes of divisions that begin as mobile numbers do: those of Hebei."""
    return tuple(code for code in code_list("divisions.code") if re.match("1[3-9]", code))


def _masked(text: str) -> str:
    for pattern in (MOBILE_WRITTEN, IDENTITY_WRITTEN):
        for found in reversed([*pattern.finditer(_half_width(text))]):
            text = text[: found.start()] + MASKED + text[found.end() :]
    return text


def _half_width(text: str) -> str:
    """As long as the text, so that a place in the one is the same place in the other."""
    return text.translate(str.maketrans(FULL_WIDTH_DIGITS, DIGITS))
