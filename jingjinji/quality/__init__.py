"""The two borders: may new deliveries enter a candidate, may a candidate be released.

The expectations are in `expectations/`, Great Expectations evaluates them as SQL inside DuckDB, and what comes out is kept
three ways: rows of `marts.fct_quality_results`, a verdict file beside the candidate, and a page under `var/quality`.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb

from jingjinji.contracts import load_contracts
from jingjinji.errors import UserError
from jingjinji.paths import PROJECT, home
from jingjinji.quality.results import HELD_REASONS, Result, append, ensure_table, write_json

if TYPE_CHECKING:
    from jingjinji.quality.gx import DuckDBFileDatasource, TableSuite

# Which version of which delivery has passed the border already: the copy of the last build brings it along.
CHECKED = """
create table if not exists raw.incoming_checks (
    delivery_id varchar, conform_version varchar, dataset varchar, run_id varchar, checked_at timestamp, is_held boolean
)
"""
# Selects as `delivery_id` what is accepted and has not been checked in this version.
UNCHECKED = """
select deliveries.delivery_id
from raw.deliveries as deliveries
left join raw.incoming_checks as checks
    on checks.delivery_id = deliveries.delivery_id
    and checks.conform_version = deliveries.conform_version::varchar
where deliveries.status = 'accepted' and checks.delivery_id is null
"""
# More deliveries than this are looked up rather than named in the SQL of every rule.
NAMED_AT_MOST = 200


@dataclass(frozen=True)
class Held:
    """A delivery that was kept out of this candidate, and the results that say why."""

    delivery_id: str
    feed_id: str
    dataset: str
    reasons: tuple[Result, ...]

    @property
    def why_zh(self) -> str:
        return "；".join(dict.fromkeys(f"{r.column_name}：{r.why_zh}" for r in self.reasons))


@dataclass(frozen=True)
class Verdict:
    """Outcome of one check of one candidate. `passed` is whether the run may go on; `held` does not stop it."""

    suite: str
    run_id: str
    checked_at: datetime
    results: tuple[Result, ...]
    held: tuple[Held, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.blocks)

    @property
    def warnings(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if not result.success and result.severity != "critical")


class QualityError(UserError):
    """There is nothing to check; the message says what to do first."""

    exit_code = 2


def check_incoming(candidate: Path) -> Verdict:
    """Check the rows of deliveries that have not been checked yet; hold out the deliveries that fail, let the others enter.

    Side effects: deletes the rows of held deliveries from `raw.<dataset>` of this candidate and sets their status to
    `held`; writes `incoming.json` beside the candidate and rows into `marts.fct_quality_results`.

    Args:
        candidate: `builds/<run_id>/warehouse.duckdb` after new deliveries were loaded; nobody else may have it open.

    Returns:
        passed unless a rule could not be evaluated or its failure lies in no single delivery; then the build must stop.
    """
    checked_at, run_id = _now(), candidate.parent.name
    (candidate.parent / "quality.json").unlink(missing_ok=True)
    new = _new_deliveries(candidate)
    results, held = _evaluate_incoming(candidate, new) if new else ([], {})
    can_go_on = not any(result.blocks for result in results)
    feeds = _hold(candidate, held, new, run_id, checked_at) if can_go_on else {}
    verdict = Verdict(
        "incoming",
        run_id,
        checked_at,
        tuple(results),
        tuple(Held(delivery, feeds.get(delivery, ""), new[delivery], tuple(why)) for delivery, why in held.items()),
    )
    _write(candidate, verdict, {"deliveries_checked": len(new)})
    return verdict


def check_published(candidate: Path) -> Verdict:
    """Check the marts of a built candidate: may it become what everybody sees?

    Side effects: writes `quality.json` beside the candidate (a release needs it, passed), rows into
    `marts.fct_quality_results`, and the page below `var/quality`.

    Args:
        candidate: `builds/<run_id>/warehouse.duckdb` after dbt; nobody else may have it open.
    """
    from jingjinji.quality import gx as quality_gx

    checked_at, run_id = _now(), candidate.parent.name
    # First of all, so that a check that dies half-way leaves no earlier verdict behind for a release to believe.
    (candidate.parent / "quality.json").unlink(missing_ok=True)
    with duckdb.connect(str(candidate)) as connection:
        ensure_table(connection)
    suites = _expectations("published").suites(load_contracts(), candidate)
    with quality_gx.opened(candidate) as datasource:
        results = [result for suite in suites for result in quality_gx.evaluate(datasource, suite)]
    verdict = Verdict("published", run_id, checked_at, tuple(results))
    _write(candidate, verdict, {})
    return verdict


def candidate_of(run_id: str | None = None) -> Path:
    """The file of a build, the newest when no run is named.

    Raises:
        QualityError: there is no such build; run `jjj build` first.
    """
    builds = home().builds
    found = sorted(builds.glob(f"{run_id or '*'}/warehouse.duckdb"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise QualityError(f"there is no build {run_id or ''} below {builds}; make one with `jjj build`")
    return found[-1]


def verdict_json(verdict: Verdict) -> str:
    """The verdict for programs."""
    return json.dumps(verdict_content(verdict), ensure_ascii=False, indent=2)


def verdict_text(verdict: Verdict) -> str:
    """The verdict for people: what stops a release and what only needs a look."""
    told = [f"未通过 {result}" for result in verdict.failed] + [f"提示   {result}" for result in verdict.warnings]
    told += [f"扣留   {held.feed_id} {held.delivery_id}：{held.why_zh}" for held in verdict.held]
    said = "通过" if verdict.passed else "未通过，不能发布"
    page = home().quality / verdict.run_id / "index.html"
    return "\n".join([*told, f"{verdict.run_id}：{said}；共 {len(verdict.results)} 条规则，详见 {page}"])


def _now() -> datetime:
    return datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)


def _expectations(name: str) -> ModuleType:
    """A module of `expectations/`: suites are content of the project like its SQL, not part of the package."""
    path = PROJECT / "expectations" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"jingjinji_expectations_{name}", path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _new_deliveries(candidate: Path) -> dict[str, str]:
    """Dataset of each delivery that has to be checked, by delivery id."""
    with duckdb.connect(str(candidate)) as connection:
        ensure_table(connection)
        connection.execute(CHECKED)
        connection.execute(HELD_REASONS)
        rows = connection.execute(
            f"select delivery_id, dataset from raw.deliveries where delivery_id in ({UNCHECKED}) order by delivery_id"
        ).fetchall()
    return dict(rows)


def _evaluate_incoming(candidate: Path, new: dict[str, str]) -> tuple[list[Result], dict[str, list[Result]]]:
    """Results over all new rows, and for each delivery that fails the results that say so."""
    from jingjinji.quality import gx as quality_gx

    queries = {dataset: _new_rows(dataset, new) for dataset in sorted(set(new.values()))}
    results: list[Result] = []
    held: dict[str, list[Result]] = {}
    with quality_gx.opened(candidate) as datasource:
        for suite in _expectations("incoming").suites(load_contracts(), queries):
            found, faulty = _judge(datasource, suite)
            results += found
            held |= faulty
    return results, held


def _new_rows(dataset: str, new: dict[str, str]) -> str:
    """SQL of what came in. A day's deliveries are named: every rule would else look for them among all there ever were."""
    ids = [delivery for delivery, of_dataset in new.items() if of_dataset == dataset]
    named = ", ".join("'" + delivery.replace("'", "''") + "'" for delivery in ids)
    return f"select * from raw.{dataset} where delivery_id in ({named if len(ids) <= NAMED_AT_MOST else UNCHECKED})"


def _judge(datasource: DuckDBFileDatasource, suite: TableSuite) -> tuple[list[Result], dict[str, list[Result]]]:
    """Check all new rows of one dataset at once and, only when that fails, look for the deliveries it fails for."""
    from jingjinji.quality.blaming import faulty_deliveries
    from jingjinji.quality.gx import evaluate

    results = evaluate(datasource, suite)
    failed = [result for result in results if result.blocks]
    if not failed or any(result.could_not_run for result in failed):
        return results, {}
    faulty = faulty_deliveries(datasource, suite, failed)
    if not faulty:  # fails as a whole, in no single delivery: nothing can be held out, the build has to stop
        return results, {}
    held_zh = f"；已扣留 {len(faulty)} 份交付"
    blamed = {(why.expectation, why.column_name) for reasons in faulty.values() for why in reasons}
    return [_settled(result, blamed, held_zh) for result in results], faulty


def _settled(result: Result, blamed: set[tuple[str, str | None]], held_zh: str) -> Result:
    """A failure whose deliveries are held out no longer blocks: the fault is not in the candidate any more."""
    if result.blocks and (result.expectation, result.column_name) in blamed:
        return replace(result, severity="held", observed=result.observed + held_zh)
    return result


def _hold(
    candidate: Path, held: dict[str, list[Result]], new: dict[str, str], run_id: str, checked_at: datetime
) -> dict[str, str]:
    """Take the rows of held deliveries out of this candidate and remember what was checked; returns their feeds."""
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("begin")
        for delivery in held:
            table = new[delivery]
            connection.execute(
                f"insert into removed.{table} select * from raw.{table} where delivery_id = ?", [delivery]
            )
            connection.execute(f"delete from raw.{table} where delivery_id = ?", [delivery])
            connection.execute("delete from raw.loaded_rows where delivery_id = ?", [delivery])
            connection.execute("update raw.deliveries set status = 'held' where delivery_id = ?", [delivery])
            _remember_reasons(connection, delivery, held[delivery])
        connection.execute(
            "insert into raw.incoming_checks"
            " select delivery_id, conform_version::varchar, dataset, $1, $2, list_contains($3, delivery_id)"
            " from raw.deliveries where delivery_id in (select unnest($4))",
            [run_id, checked_at, list(held), list(new)],
        )
        rows = connection.execute("select delivery_id, feed_id from raw.deliveries where status = 'held'").fetchall()
        connection.execute("commit")
    return dict(rows)


def _remember_reasons(connection: duckdb.DuckDBPyConnection, delivery: str, reasons: Sequence[Result]) -> None:
    """What its sender will be told; reasons of an earlier version of the delivery go."""
    connection.execute("delete from raw.held_reasons where delivery_id = ?", [delivery])
    for why in reasons:
        connection.execute(
            "insert into raw.held_reasons select delivery_id, conform_version::varchar, ?, ?, ?, ?"
            " from raw.deliveries where delivery_id = ?",
            [why.column_name, why.expectation, why.why_zh, why.source, delivery],
        )


def _write(candidate: Path, verdict: Verdict, extra: dict[str, Any]) -> None:
    from jingjinji.quality.report import write_report

    append(candidate, verdict.run_id, verdict.checked_at, verdict.suite, verdict.results)
    write_report(candidate)
    name = "incoming.json" if verdict.suite == "incoming" else "quality.json"
    write_json(candidate.parent / name, verdict_content(verdict) | extra)


def verdict_content(verdict: Verdict) -> dict[str, Any]:
    """What a verdict file says: passed or not, each failed expectation with its reason, each held delivery with its own."""
    return {
        "passed": verdict.passed,
        "suite": verdict.suite,
        "run_id": verdict.run_id,
        "checked_at": verdict.checked_at.isoformat(),
        "expectations": len(verdict.results),
        "failed": [result.as_failure() for result in verdict.failed],
        "warnings": [result.as_failure() for result in verdict.warnings],
        "held": [
            {
                "delivery_id": held.delivery_id,
                "feed_id": held.feed_id,
                "dataset": held.dataset,
                "why": held.why_zh,
                "reasons": [reason.as_failure() for reason in held.reasons],
            }
            for held in verdict.held
        ],
    }
