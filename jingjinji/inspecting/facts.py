"""What an inspection says about a file: frozen facts, nothing computed here. Texts are Chinese, for the person who asks."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnFacts(_Frozen):
    """One column of a table. Shares are 0 to 1 of the rows looked at; `examples` are masked and absent where personal.

    `personal` says why it is taken for that: numbers found in it (`mobile`, `identity`), its `header`, the `standard` it matches.

    `kind` is one of the kinds of `profiling.KINDS`, decided by the filled cells; `kinds` counts all that occur.
    `odd_rows` are the first rows, as the sender counts them, of cells of another kind.
    """

    position: str
    header: str
    kind: str
    kinds: dict[str, int]
    filled: int
    empty_share: float
    distinct: int
    is_distinct_exact: bool
    examples: tuple[str, ...] = ()
    unit: str | None = None
    date_styles: tuple[str, ...] = ()
    null_words: dict[str, int] = {}
    full_width: int = 0
    personal: tuple[str, ...] = ()
    odd_rows: tuple[int, ...] = ()
    smallest: str | None = None
    largest: str | None = None
    repeated: int = 0


class ColumnMatch(_Frozen):
    """A column of the file that may fill a column of the standard. `score` is 0 to 1: names, then units, types, codes."""

    header: str
    column: str
    zh: str
    score: float
    reason: str


class DatasetMatch(_Frozen):
    """How near a standard is. `score` = 0.6 × share of the file's columns matched + 0.4 × share of required columns."""

    dataset: str
    title: str
    score: float
    matched: tuple[ColumnMatch, ...]
    unmatched: tuple[str, ...]
    missing_required: tuple[str, ...]
    key_repeated_rows: int | None = None


class TableFacts(_Frozen):
    """One sheet, one delimited text or one list of records. Rows are counted as the sender counts them, from 1."""

    name: str
    state: str = "visible"
    rows_total: int
    is_complete: bool
    rows_profiled: int
    width: int
    header_row: int | None
    header_rows: int
    titles: tuple[str, ...] = ()
    rows_of_data: int
    ghost_rows: int
    ghost_columns: int
    footers: tuple[int, ...] = ()
    footer_words: tuple[str, ...] = ()
    totals: tuple[int, ...] = ()
    ragged: tuple[int, ...] = ()
    merged_areas: int = 0
    records: str | None = None
    findings: tuple[str, ...] = ()
    columns: tuple[ColumnFacts, ...] = ()
    matches: tuple[DatasetMatch, ...] = ()


class FileFacts(_Frozen):
    """One file. `format` is what the bytes are, `extension` what the name says; `encoding_confidence` is 0 to 1."""

    name: str
    size_bytes: int
    extension: str
    format: str
    encoding: str | None = None
    encoding_confidence: float | None = None
    has_bom: bool = False
    delimiter: str | None = None
    line_end: str | None = None
    findings: tuple[str, ...] = ()
    is_marked_secret: bool = False
    is_readable: bool = True
    tables: tuple[TableFacts, ...] = ()
