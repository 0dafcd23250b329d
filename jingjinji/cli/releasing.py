"""Step 3: what everybody sees."""

from __future__ import annotations

from pathlib import Path

import typer

PANEL = "3 · 发布 Release: what everybody sees"

commands = typer.Typer()
releases = typer.Typer(
    name="release", help="Releases: make one, list them, what changed, go back.", no_args_is_help=True
)
commands.add_typer(releases, rich_help_panel=PANEL)


@releases.command("create")
def release_create(
    build: Path | None = typer.Argument(
        None, help="builds/<run> or its warehouse.duckdb; the latest build when absent."
    ),
    keep: int = typer.Option(5, min=1, help="How many releases stay on disk."),
) -> None:
    """Make a finished, checked build what everybody sees, print what changed, and tell senders (second receipts).

    Exit code 0 also when the build holds nothing new; 1 when it may not be released, and nothing changed.

    Example: jjj release create
    """
    from jingjinji import release
    from jingjinji.outbox import send_second_receipts

    made = release.create_release(build or release.latest_build(), keep=keep)
    if made.is_new:
        typer.echo("\n".join(release.told(made.release_id)))
    else:
        typer.echo(f"内容与当前发布相同，没有新发布：{made.release_id}")
    # also when nothing is new: senders whom an interrupted call did not reach
    send_second_receipts(typer.echo)


@releases.command("list")
def release_list(output: str = typer.Option("table", "--format", help="table or json.")) -> None:
    """The releases on disk, newest first.

    Example: jjj release list
    """
    from jingjinji import release

    typer.echo(release.list_text(release.list_releases(), output))


@releases.command("diff")
def release_diff(
    old: str | None = typer.Argument(None, help="Earlier release; the parent of the later one when absent."),
    new: str | None = typer.Argument(None, help="Later release; the current one when absent."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Which numbers changed between two releases, and by which delivery.

    Example: jjj release diff
    """
    from jingjinji import release

    found = release.diff(old, new)
    typer.echo(found.model_dump_json(indent=2) if output == "json" else "\n".join(found.summary_zh))


@releases.command("rollback")
def release_rollback(
    release_id: str | None = typer.Argument(None, help="Where to go; the parent of the current release when absent."),
    reason: str = typer.Option("", help="Why, for the audit log."),
) -> None:
    """Go back to an earlier release (or forward again); takes effect at once and is written to the audit log.

    Example: jjj release rollback --reason "wrong figures of Hebei"
    """
    from jingjinji import release

    typer.echo(f"当前发布：{release.rollback(release_id, reason=reason).release_id}")
