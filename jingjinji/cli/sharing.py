"""Step 4: what partners get, and how they check it."""

from __future__ import annotations

from pathlib import Path

import typer

PANEL = "4 · 共享 Share: signed deliveries to partners"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def export(
    agreement: str | None = typer.Argument(None, help="Name of exports/<agreement>.yml; all agreements when absent."),
    as_of: str | None = typer.Option(None, help="Deliver what was known at the end of this day, as 2023-08-02."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would go out, and what stays here; write nothing."),
    now: bool = typer.Option(False, "--now", help="Do not wait for the schedule of the agreement."),
) -> None:
    """Write the deliveries that sharing agreements grant, from the current release.

    Exit code 0 also when there is nothing new; 1 when an agreement could not be served (the others were).

    Example: jjj export --dry-run
    """
    from jingjinji import export as exports
    from jingjinji import query

    outcomes = exports.export(agreement, as_of=query.parse_day(as_of), dry_run=dry_run, now=now)
    typer.echo(exports.told(outcomes))


@commands.command("verify", rich_help_panel=PANEL)
def verify_delivery(
    folder: Path = typer.Argument(..., help="A delivery: exports/<agreement>/<delivery>."),
    key: str | None = typer.Option(None, help="Public key (.pem) or its fingerprint; the folder's own when absent."),
) -> None:
    """Check a delivery as its receiver would: signature, files, rows, totals, schema.

    Exit code 0 as signed, 1 changed, 2 cannot be checked. jingjinji/verify.py does the same alone.

    Example: jjj verify var/exports/haihe_basin/00001-20261124-0605
    """
    from jingjinji import verify

    raise typer.Exit(verify.main([str(folder), *(["--key", key] if key else [])]))
