"""`jjj`: every step of the chain without Airflow. Commands parse, call one function of the package and print.

One module per step; `--help` shows them in the order they are used, each step a panel of its own.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from jingjinji.cli import beginning, building, landing, releasing, sharing, together, understanding
from jingjinji.errors import UserError

IN_ORDER = (beginning, landing, building, releasing, sharing, understanding, together)


class _Commands(TyperGroup):
    """Shows an error that people can act on as its message, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from error


app = typer.Typer(
    name="jjj",
    cls=_Commands,
    help="京津冀应急管理数据仓库 · land → build → check → release → export, each step on its own; `jjj run` does them all.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for step in IN_ORDER:
    app.add_typer(step.commands)
