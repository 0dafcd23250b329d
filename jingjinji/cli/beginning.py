"""Before the first delivery: what is missing, and an inbox to play with."""

from __future__ import annotations

from pathlib import Path

import typer

PANEL = "0 · 准备 Begin: what is missing, an inbox to play with"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def doctor(output: str = typer.Option("table", "--format", help="table or json.")) -> None:
    """Is everything there that the warehouse needs? Says what to do where it is not.

    Exit code 1 when something stops the warehouse from working (FAIL); warnings do not.

    Example: jjj doctor --format json
    """
    from jingjinji.operate import doctor as doctors

    findings = doctors.examine()
    if output == "json":
        typer.echo(doctors.as_json(findings))
    else:
        doctors.print_table(findings)
    raise typer.Exit(1 if any(finding.status == "FAIL" for finding in findings) else 0)


@commands.command("simulate", rich_help_panel=PANEL)
def simulate_inbox(
    first: str = typer.Option("2016-01-01", "--from", help="Day of the first delivery."),
    last: str = typer.Option("2025-12-31", "--to", help="Day of the last delivery."),
    scale: float = typer.Option(
        1, help="1 meets the published figures; 100 has a hundred times as many things happen."
    ),
    seed: int = typer.Option(
        7, help="The same seed gives the same bytes, another one another history with the same totals."
    ),
    faults: float = typer.Option(0.005, help="Share of rows, and of files, that are broken in declared ways."),
    to_folder: Path | None = typer.Option(
        None, help="Where to write; the inbox of a home for simulated data when left out."
    ),
    dataset: list[str] = typer.Option([], help="Only these datasets; may be repeated."),
    every: int = typer.Option(
        1, help="Days between two deliveries of a feed; more gives the same history in fewer files."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say how many files, rows and faults it would be."),
) -> None:
    """Write an inbox of daily deliveries of the three regions, each in its native shape, all marked as simulated.

    At scale 1 the counted rows meet what was published (Tianjin 2016-2020: 2,734 accidents and 3,041 deaths; the yearly disaster
    figures of each region). simulation.json says what was met and what is assumed, answers.parquet lists every planted
    fault with the code landing must answer. A home that holds simulated data refuses real deliveries, and the reverse.

    Example: JJJ_HOME=/tmp/play jjj simulate --from 2023-07-01 --to 2023-08-31
    """
    from jingjinji.simulate import command

    command.simulate_with_progress(first, last, scale, seed, faults, to_folder, tuple(dataset), every, dry_run)
