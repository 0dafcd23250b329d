"""Step 2: the next candidate, and whether it may be released."""

from __future__ import annotations

import typer

PANEL = "2 · 构建与检查 Build, check: the next candidate"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
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

    made = builds.build(run_id, full=full, on_progress=lambda line: typer.echo(f"  {line}", err=True))
    typer.echo(builds.result_json(made) if output == "json" else builds.result_text(made))


@commands.command(rich_help_panel=PANEL)
def check(
    run_id: str | None = typer.Argument(None, help="Build to check; the newest when absent."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Check the marts of a build: may they be released? (Deliveries are checked while building.)

    Exit code 0 when the build may be released, 1 when not; the page with every rule and its reason is under var/quality.

    Example: jjj check --format json
    """
    from jingjinji import quality

    verdict = quality.check_published(quality.candidate_of(run_id))
    typer.echo(quality.verdict_json(verdict) if output == "json" else quality.verdict_text(verdict))
    raise typer.Exit(0 if verdict.passed else 1)
