"""Step 1: what senders gave, what they were told, and corrections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from jingjinji import reports

PANEL = "1 · 接收 Land: every row accepted or told why not"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def land(
    feed: str = typer.Argument(..., help="Feed id, for example disaster_losses/hebei."),
    files: list[Path] = typer.Argument(..., exists=True, dir_okay=False, help="One or more received files."),
    period: str | None = typer.Option(None, help="What the delivery is for, for example 2023-08-01."),
    data_origin: str | None = typer.Option(None, help="real or simulated; the file name says it when left out."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Judge and say, keep nothing."),
    jobs: int = typer.Option(1, min=1, help="Processes that land at once; for hundreds of files."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Take received files into the landing zone and print the row account.

    Exit code 0 when every row was accounted for, also with rows in quarantine; 1 when a delivery was refused.

    Example: jjj land disaster_losses/hebei 2023-08-01.xlsx --format json
    """
    from jingjinji import landing

    outcomes = []
    for outcome in landing.land_files(feed, files, jobs, period=period, data_origin=data_origin, dry_run=dry_run):
        outcomes.append(outcome)
        if len(outcomes) % 500 == 0:
            typer.echo(f"  [land] {len(outcomes)} / {len(files)}", err=True)
    typer.echo(reports.landed_json(outcomes) if output == "json" else reports.landed_text(outcomes))
    raise typer.Exit(1 if any(o.status == "refused" for o in outcomes) else 0)


@commands.command("receipts", rich_help_panel=PANEL)
def list_receipts(
    feed: str | None = typer.Argument(None, help="Feed id, for example disaster_losses/hebei; all feeds when absent."),
    since: str | None = typer.Option(None, help="Only receipts written on this day or later, for example 2023-08-02."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """List what senders were told: first receipts at landing, second receipts after a release, with totals.

    Exit code 2 when the date is wrong.

    Example: jjj receipts disaster_losses/hebei --since 2023-08-01
    """
    from jingjinji import query
    from jingjinji.outbox import listing

    found = listing.receipts(feed, query.parse_day(since, "--since"))
    typer.echo(listing.as_json(found) if output == "json" else listing.as_text(found))


def _rehearsed(action: Callable[[], object], yes: bool, dry_run: bool) -> None:
    """Show what an action would do to the marts, and ask; ends the command unless it is to be done."""
    from jingjinji.landing import corrections

    if not yes:
        for line in corrections.rehearse(action, lambda step: typer.echo(f"  [rehearsal] {step}", err=True)):
            typer.echo(line)
        if dry_run or not typer.confirm("照此执行？"):
            raise typer.Exit(0)


@commands.command(rich_help_panel=PANEL)
def reland(
    which: list[str] = typer.Argument(None, help="Feed ids or delivery ids; all when left out."),
    restore: bool = typer.Option(False, help="Bring withdrawn deliveries back."),
    yes: bool = typer.Option(False, "--yes", help="Do it without showing first what changes in the marts."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would change."),
) -> None:
    """Conform deliveries again whose rules have changed (a mapping was added): quarantined rows heal, history stays.

    Exit code 1 when a delivery that was not refused before is refused now; 0 otherwise.
    """
    from jingjinji.landing import corrections

    due = corrections.due_for_reland(tuple(which or ()), restore)
    for manifest in due:
        typer.echo(f"{manifest['feed_id']}  {manifest['delivery_id']}  {manifest['file_name']}")
    if not due:
        typer.echo("没有需要重新整理的报送：都已按现行规则整理")
        raise typer.Exit(0)
    _rehearsed(lambda: corrections.reland(tuple(which or ()), restore=restore), yes, dry_run)
    refused_before = {manifest["delivery_id"] for manifest in due if manifest["status"] == "refused"}
    outcomes = corrections.reland(tuple(which or ()), restore=restore)
    typer.echo(reports.landed_text(outcomes))
    raise typer.Exit(1 if any(o.status == "refused" and o.delivery_id not in refused_before for o in outcomes) else 0)


@commands.command(rich_help_panel=PANEL)
def withdraw(
    delivery_id: str = typer.Argument(..., help="As printed by jjj land and in the receipt."),
    reason: str = typer.Option(..., help="Why, in Chinese; kept in the trace."),
    yes: bool = typer.Option(False, "--yes", help="Do it without showing first what changes in the marts."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would change."),
) -> None:
    """Take a wrong delivery out of everything after the landing zone; bytes, earlier version and reason stay."""
    from jingjinji.landing import corrections

    _rehearsed(lambda: corrections.withdraw(delivery_id, reason), yes, dry_run)
    typer.echo(reports.landed_text([corrections.withdraw(delivery_id, reason)]))
