"""`jjj`: every step of the chain without Airflow. Commands parse, call one function of the package and print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from jingjinji import reports

app = typer.Typer(
    name="jjj",
    help="京津冀应急管理数据仓库 · land → build → check → release → export, each step on its own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def main() -> None:
    """Keeps sub-commands even while there is only one."""


# ---------------------------------------------------------------- landing: land, reland, withdraw


@app.command()
def land(
    feed: str = typer.Argument(..., help="Feed id, for example disaster_losses/hebei."),
    files: list[Path] = typer.Argument(..., exists=True, dir_okay=False, help="One or more received files."),
    period: str | None = typer.Option(None, help="What the delivery is for, for example 2023-08-01."),
    data_origin: str = typer.Option("real", help="real or simulated; a home holds one of them only."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Judge and say, keep nothing."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Take received files into the landing zone and print the row account.

    Exit code 0 when every row was accounted for, also with rows in quarantine; 1 when a delivery was refused.

    Example: jjj land disaster_losses/hebei 2023-08-01.xlsx --format json
    """
    from jingjinji import landing

    outcomes = [landing.land(feed, f, period=period, data_origin=data_origin, dry_run=dry_run) for f in files]
    typer.echo(reports.landed_json(outcomes) if output == "json" else reports.landed_text(outcomes))
    raise typer.Exit(1 if any(o.status == "refused" for o in outcomes) else 0)


def _rehearsed(action: Callable[[], object], yes: bool, dry_run: bool) -> None:
    """Show what an action would do to the marts, and ask; ends the command unless it is to be done."""
    from jingjinji import corrections

    if not yes:
        for line in corrections.rehearse(action, lambda step: typer.echo(f"  [rehearsal] {step}", err=True)):
            typer.echo(line)
        if dry_run or not typer.confirm("照此执行？"):
            raise typer.Exit(0)


@app.command()
def reland(
    which: list[str] = typer.Argument(None, help="Feed ids or delivery ids; all when left out."),
    restore: bool = typer.Option(False, help="Bring withdrawn deliveries back."),
    yes: bool = typer.Option(False, "--yes", help="Do it without showing first what changes in the marts."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would change."),
) -> None:
    """Conform deliveries again whose rules have changed (a mapping was added): quarantined rows heal, history stays."""
    from jingjinji import corrections

    due = corrections.due_for_reland(tuple(which or ()), restore)
    for manifest in due:
        typer.echo(f"{manifest['feed_id']}  {manifest['delivery_id']}  {manifest['file_name']}")
    if not due:
        typer.echo("没有需要重新整理的报送：都已按现行规则整理")
        raise typer.Exit(0)
    _rehearsed(lambda: corrections.reland(tuple(which or ()), restore=restore), yes, dry_run)
    outcomes = corrections.reland(tuple(which or ()), restore=restore)
    typer.echo(reports.landed_text(outcomes))
    raise typer.Exit(1 if any(o.status == "refused" for o in outcomes) else 0)


@app.command()
def withdraw(
    delivery_id: str = typer.Argument(..., help="As printed by jjj land and in the receipt."),
    reason: str = typer.Option(..., help="Why, in Chinese; kept in the trace."),
    yes: bool = typer.Option(False, "--yes", help="Do it without showing first what changes in the marts."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would change."),
) -> None:
    """Take a wrong delivery out of everything after the landing zone; bytes, earlier version and reason stay."""
    from jingjinji import corrections

    _rehearsed(lambda: corrections.withdraw(delivery_id, reason), yes, dry_run)
    typer.echo(reports.landed_text([corrections.withdraw(delivery_id, reason)]))


# ---------------------------------------------------------------- build, check


@app.command()
def build(
    full: bool = typer.Option(False, "--full", help="Start from an empty file and load every delivery again."),
    run_id: str | None = typer.Option(None, help="Name of the build; made from the time when absent."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Make the next candidate: copy of the last build, new deliveries, all models and their tests.

    Exit code 0 also when there is nothing new; 1 when a model or test failed, and everybody stays on the last release.

    Example: jjj build --full
    """
    from jingjinji import build as builds

    try:
        made = builds.build(run_id, full=full, on_progress=lambda line: typer.echo(f"  {line}", err=True))
    except builds.BuildError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(builds.result_json(made) if output == "json" else builds.result_text(made))


@app.command()
def check(
    run_id: str | None = typer.Argument(None, help="Build to check; the newest when absent."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Check the marts of a build: may they be released? (Deliveries are checked while building.)

    Exit code 0 when the build may be released, 1 when not; the page with every rule and its reason is under var/quality.

    Example: jjj check --format json
    """
    from jingjinji import quality

    try:
        verdict = quality.check_published(quality.candidate_of(run_id))
    except quality.QualityError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(quality.verdict_json(verdict) if output == "json" else quality.verdict_text(verdict))
    raise typer.Exit(0 if verdict.passed else 1)


# ---------------------------------------------------------------- release: release, query

# ---------------------------------------------------------------- export: export, verify

# ---------------------------------------------------------------- operating: run, doctor, demo, up
