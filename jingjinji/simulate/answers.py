"""The answer sheet: every planted fault, where it stands, and what must be said of it.

One row per planted fault. `row_number` counts as the receipt does and is NULL where a whole file is meant; `column` is the agreed column, NULL
where none is to blame. Outcomes: quarantined (the row is set aside), refused (the whole file; its broken rows are listed in the receipt),
duplicate (taken once), warned (taken, the sender is told), flagged (taken; only history shows it, the second receipt tells).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

FLUSH_AT = 20_000  # answers kept in memory before they are written


@dataclass(frozen=True, slots=True)
class Answer:
    """One planted fault."""

    feed_id: str
    file_name: str
    row_number: int | None
    column: str | None
    fault: str
    expected_code: str | None
    expected_outcome: str


class Answers:
    """Writes answers.parquet in parts, so that millions of answers need no memory; None writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.kept = path, list[Answer]()
        self.writer: Any = None

    def add(self, answers: Iterable[Answer]) -> None:
        """Keep answers; written when enough have come together."""
        if self.path:
            self.kept.extend(answers)
            if len(self.kept) >= FLUSH_AT:
                self._flush()

    def finish(self) -> None:
        """Write what is left and close the file."""
        if self.path:
            self._flush()
            self.writer.close()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([
            ("feed_id", pa.string()), ("file_name", pa.string()), ("row_number", pa.int64()), ("column", pa.string()),
            ("fault", pa.string()), ("expected_code", pa.string()), ("expected_outcome", pa.string()),
        ])  # fmt: skip
        if self.writer is None:
            assert self.path
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.writer = pq.ParquetWriter(self.path, schema, compression="zstd")
        columns = list(zip(*map(astuple, self.kept), strict=True)) or [()] * len(schema)
        self.writer.write_table(
            pa.table([pa.array(c, t.type) for c, t in zip(columns, schema, strict=True)], schema=schema)
        )
        self.kept.clear()
