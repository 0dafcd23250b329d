"""All steps in one command, without and with the servers."""

from __future__ import annotations

import typer

PANEL = "一步到位 All steps at once"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def run() -> None:
    """Land all inboxes, build, check, release and export, without Airflow.

    Exit code 0 when all that was new is with the partners, also when nothing was new; 1 when a delivery was refused or
    a check failed.
    """
    from jingjinji.operate import chain

    result = chain.run(typer.echo)
    raise typer.Exit(1 if result.refused else 0)


@commands.command(rich_help_panel=PANEL)
def demo() -> None:
    """Run the chain on the published figures through a real Airflow scheduler, deploy the dashboard, print a summary.

    Ports: JJJ_AIRFLOW_PORT (8080). Leaves no process behind; a second run finds nothing new and says so.
    """
    _serving("demo")


@commands.command(rich_help_panel=PANEL)
def up() -> None:
    """Serve Airflow and Superset on 127.0.0.1 until Ctrl-C.

    Ports: JJJ_AIRFLOW_PORT (8080), JJJ_SUPERSET_PORT (8088). The logins are generated per home and printed at the start.
    """
    _serving("up")


def _serving(name: str) -> None:
    from jingjinji.operate import demo, services

    try:
        raise typer.Exit(getattr(demo, name)())
    except services.Stopped as signal:
        typer.echo(f"{signal}: stopped, nothing left running", err=True)
        raise typer.Exit(130) from signal
