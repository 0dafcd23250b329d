"""What an explanation holds: frozen facts. Texts are Chinese, for the person who asks; times are wall clock Asia/Shanghai."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Warned(_Frozen):
    """A rule that said something about a landed row which was taken all the same."""

    rule_id: str
    title_zh: str
    column: str
    severity: str
    found_by: str
    value: str | None = None
    source: str | None = None


class Origin(_Frozen):
    """One row of one delivery that the number rests on. `place` is where its sender finds it."""

    roles: tuple[str, ...]
    delivery_id: str
    row_number: int | None
    place: str
    known_from: datetime | None = None
    warnings: tuple[Warned, ...] = ()
    native_cells: dict[str, str] | None = None


class DeliveryFacts(_Frozen):
    """The delivery, from its manifest in the landing zone; from the release where that is not at hand (`is_manifest`)."""

    delivery_id: str
    feed_id: str
    feed_title: str
    standard_title: str
    sender: str
    file_name: str
    file_sha256: str
    period: str | None
    format: str | None
    status: str
    received_at: datetime | None
    conform_version: int
    newer_version: int | None
    rule_set_version: str
    rules_today: str | None
    is_archived: bool
    is_manifest: bool
    first_release: str | None


class MetricOrigin(_Frozen):
    """Where the value of one metric of the row comes from.

    `native` is the header and unit in the file; `landed_value` what the landed row states, in base units; `is_verified` whether
    it is the value shown (None: the landed row is not at hand or states nothing, as with a derived metric).
    """

    metric: str
    zh: str
    value: Any
    unit: str | None
    delivery_id: str
    row_number: int | None
    known_from: datetime | None
    as_of_at: datetime | None
    report_number: int | None
    native: str | None = None
    landed_value: Any = None
    is_verified: bool | None = None


class Contribution(_Frozen):
    """Rows of another mart that the row is made from. `matched_on` says by what they were found; at most N are shown.

    Where `is_exact` is false the rows only agree with it in what both have in their keys, and nothing is said of their deliveries.
    """

    role: str
    mart: str
    matched_on: str
    is_exact: bool
    rows_total: int
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class ModelRef(_Frozen):
    """A model, seed or landed table upstream of the mart."""

    name: str
    layer: str
    path: str
    about: str


class ColumnValue(_Frozen):
    """One column of the explained row."""

    name: str
    zh: str | None
    value: Any
    unit: str | None
    definition: str | None


class Explanation(_Frozen):
    """Everything said about one row of a mart. `origins` are those of the rows shown, `origins_total` counts all."""

    mart: str
    title: str | None
    about: str | None
    key: dict[str, Any]
    as_of: str | None
    is_ageless: bool
    release_id: str
    released_at: datetime
    run_id: str
    data_origin: str
    columns: tuple[ColumnValue, ...]
    metrics: tuple[MetricOrigin, ...]
    contributions: tuple[Contribution, ...]
    origins: tuple[Origin, ...]
    origins_total: int
    deliveries: tuple[DeliveryFacts, ...]
    lineage: tuple[ModelRef, ...]
    notes: tuple[str, ...] = ()
