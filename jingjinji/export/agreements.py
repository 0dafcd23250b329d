"""What goes out: sharing agreements, `exports/<agreement>.yml`; the file name is the identity.

Deny by default: a column without a line is not exported. Unknown keys are errors, and every error names file and key.
"""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jingjinji.codes import code_list
from jingjinji.contracts import Label
from jingjinji.errors import UserError
from jingjinji.paths import PROJECT
from jingjinji.release.marts import MartFacts

How = Literal["plain", "mask", "hash", "band", "round", "drop"]
Schedule = Literal["each_release", "daily", "weekly", "monthly"]

# The part of a mart's key that tells versions of one thing apart.
VERSION_COLUMNS = ("known_from", "report_number")


class AgreementError(UserError):
    """An agreement cannot be used; the message names file, key and fix. Nothing was exported."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(Label):
    """One side of an agreement; `contact` is a role, never a person."""

    contact: str | None = None


class Grant(_Model):
    """How one column goes out.

    `mask` leaves the first `keep` characters; `hash` gives a pseudonym that only this partner's deliveries share;
    `band` gives the class between `bounds` (each the lower bound of the next class); `round` rounds to multiples of `to`;
    `drop` says that leaving the column out is meant.
    """

    how: How
    keep: int | None = Field(default=None, ge=0, le=4)
    bounds: tuple[int | float, ...] = ()
    to: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Grant:
        needed = {"mask": "keep", "band": "bounds", "round": "to"}
        for how, option in needed.items():
            given = getattr(self, option) not in (None, ())
            if given != (self.how == how):
                problem = f"`{how}` needs `{option}`" if self.how == how else f"`{option}` belongs to `{how}` only"
                raise ValueError(f"{problem}; write for example {{how: {how}, {option}: {_EXAMPLES[how]}}}")
        if list(self.bounds) != sorted(set(self.bounds)):
            raise ValueError("`bounds` must rise")
        return self


_EXAMPLES = {"mask": "1", "band": "[1, 10, 100]", "round": "100"}


class SmallCells(_Model):
    """Rows in which one of `columns` lies from 1 to `minimum` - 1 are withheld and counted; 0 and NULL are not small."""

    minimum: int = Field(ge=2)
    columns: tuple[str, ...] = Field(min_length=1)


class SharedDataset(_Model):
    """One mart of an agreement."""

    columns: dict[str, Grant]
    rows: str | None = None
    minimum_report_stage: str | None = None
    small_cells: SmallCells | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        """`column: plain` for `column: {how: plain}`."""
        return (
            {k: {"how": v} if isinstance(v, str) else v for k, v in columns.items()}
            if isinstance(columns, dict)
            else columns
        )

    @property
    def granted(self) -> dict[str, Grant]:
        """The columns that go out, in the agreement's order."""
        return {name: grant for name, grant in self.columns.items() if grant.how != "drop"}


class Agreement(_Model):
    """One sharing agreement. Days are of Asia/Shanghai, both ends included."""

    agreement_id: str
    sha256: str
    title: Label
    notice: str | None = None
    format_version: Literal[1]
    provider: tuple[Party, ...] = Field(min_length=1)
    recipient: Party
    legal_basis: tuple[str, ...] = Field(min_length=1)
    purpose: str
    schedule: Schedule
    valid_from: date
    valid_to: date
    suspended: bool
    retention: str
    onward_sharing: Literal["forbidden", "with_consent"]
    correction_channel: str
    datasets: dict[str, SharedDataset] = Field(min_length=1)

    def reason_to_skip(self, today: date) -> str | None:
        """Why nothing may go out today; None where it may."""
        if self.suspended:
            return "已中止（suspended: true）"
        if today < self.valid_from:
            return f"尚未生效（valid_from {self.valid_from}）"
        return f"已到期（valid_to {self.valid_to}）" if today > self.valid_to else None


def load_agreements(folder: Path | None = None) -> dict[str, Agreement]:
    """Every agreement by its id; a file whose name begins with `_` is a draft.

    Raises:
        AgreementError: A file is not YAML, has an unknown key or lacks one.
    """
    files = sorted((folder or PROJECT / "exports").glob("*.yml"))
    return {path.stem: load_agreement(path) for path in files if not path.stem.startswith("_")}


def load_agreement(path: Path) -> Agreement:
    """Read one agreement; its version is the sha256 of the file."""
    content = path.read_bytes()
    try:
        given = yaml.safe_load(content) or {}
        return Agreement.model_validate(
            given | {"agreement_id": path.stem, "sha256": hashlib.sha256(content).hexdigest()}
        )
    except yaml.YAMLError as error:
        raise AgreementError(f"{path}: not valid YAML: {error}") from error
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise AgreementError(f"{path}:\n" + "\n".join(lines)) from error


def check_columns(agreement: Agreement, marts: dict[str, dict[str, str]]) -> None:
    """Compare an agreement with the marts of a release.

    Args:
        agreement: The agreement.
        marts: mart -> column -> type.

    Raises:
        AgreementError: It names a mart or column that the release lacks; the message names file and column.
    """
    faults = []
    for name, dataset in agreement.datasets.items():
        if name not in marts:
            faults.append(f"datasets.{name}: the release has no such mart; it has {', '.join(sorted(marts))}")
            continue
        small = dataset.small_cells.columns if dataset.small_cells else ()
        for column in [*dataset.columns, *small]:
            if column not in marts[name]:
                faults.append(f"datasets.{name}.{column}: the mart has no such column; it has {', '.join(marts[name])}")
        if dataset.minimum_report_stage and "report_stage" not in marts[name]:
            faults.append(f"datasets.{name}.minimum_report_stage: the mart has no column report_stage; remove the line")
    if faults:
        raise AgreementError(f"exports/{agreement.agreement_id}.yml:\n  " + "\n  ".join(faults))


def select_sql(agreement: Agreement, name: str, salt: str, facts: MartFacts, *, suppressed: bool = False) -> str:
    """The one SELECT that gives what a partner receives of one mart.

    Args:
        agreement: The agreement.
        name: The mart, in schema `marts` of the connection.
        salt: Hex text that makes the pseudonyms of this agreement its own.
        facts: Key and columns of the mart, as the release has them.
        suppressed: Select instead a count of the rows that the small-cell rule withholds.
    """
    dataset = agreement.datasets[name]
    small = _small_cell_sql(dataset.small_cells)
    columns = ",\n    ".join(
        f'{_column_sql(column, grant, salt)} as "{column}"' for column, grant in dataset.granted.items()
    )
    kept = small if suppressed else f"not ({small})"
    return f"select\n    {'count(*)' if suppressed else columns}\nfrom (\n{_shared_sql(agreement, name, facts)}\n)\nwhere {kept}"


def _shared_sql(agreement: Agreement, name: str, facts: MartFacts) -> str:
    """Rows of the mart that the partner may see. A version ends with the next one *among these*.

    Otherwise a report that is withheld would end a version that is shared, and the partner would have none that is current.
    """
    dataset = agreement.datasets[name]
    wanted = [f"({dataset.rows})" if dataset.rows else "", _stage_sql(agreement, name)]
    where = "\n    and ".join(condition for condition in wanted if condition)
    if not where:
        return f'    select * from marts."{name}"'
    return f'    select *{_until_next_sql(agreement, name, facts)}\n    from marts."{name}"\n    where {where}'


def _until_next_sql(agreement: Agreement, name: str, facts: MartFacts) -> str:
    if not {"known_from", "known_to"} <= {column.name for column in facts.columns}:
        return ""
    if not facts.key:
        if "known_to" not in agreement.datasets[name].granted:
            return ""
        raise AgreementError(
            f"exports/{agreement.agreement_id}.yml: datasets.{name}.known_to: the mart declares no key, so nobody can tell "
            "which shared version follows which; drop the column, or give the mart a key"
        )
    of_one_thing = ", ".join(f'"{column}"' for column in facts.key if column not in VERSION_COLUMNS)
    order = ", ".join(["known_from", *(f'"{column}"' for column in facts.key if column in VERSION_COLUMNS)])
    return f" replace (lead(known_from) over (partition by {of_one_thing} order by {order}) as known_to)"


def _small_cell_sql(rule: SmallCells | None) -> str:
    if rule is None:
        return "false"
    return " or ".join(f'coalesce("{c}" > 0 and "{c}" < {rule.minimum}, false)' for c in rule.columns)


def _stage_sql(agreement: Agreement, name: str) -> str:
    """Stages at or after the minimum, in the order of the code list."""
    minimum = agreement.datasets[name].minimum_report_stage
    if minimum is None:
        return ""
    stages = code_list("ref_report_stages.stage_code")
    if minimum not in stages:
        raise AgreementError(
            f"exports/{agreement.agreement_id}.yml: datasets.{name}.minimum_report_stage: {minimum} is no stage; "
            f"write one of {', '.join(stages)}"
        )
    allowed = ", ".join(f"'{stage}'" for stage in stages[stages.index(minimum) :])
    return f"report_stage in ({allowed})"


def _column_sql(column: str, grant: Grant, salt: str) -> str:
    name = f'"{column}"'
    if grant.how == "mask":
        return f"case when {name} is not null then left(cast({name} as varchar), {grant.keep}) || '**' end"
    if grant.how == "hash":
        return f"sha256('{salt}' || sha256('{salt}' || cast({name} as varchar)))"
    if grant.how == "band":
        return _band_sql(name, grant.bounds)
    if grant.how == "round":
        return f"cast(round({name} / {grant.to}) * {grant.to} as bigint)"
    return name


def _band_sql(name: str, bounds: tuple[int | float, ...]) -> str:
    texts = [str(bound) for bound in bounds]
    cases = [f"when {name} < {texts[0]} then '<{texts[0]}'"]
    cases += [f"when {name} < {high} then '[{low}, {high})'" for low, high in pairwise(texts)]
    return f"case {' '.join(cases)} when {name} >= {texts[-1]} then '>={texts[-1]}' end"
