"""`jjj --help` teaches the order of the steps."""

from __future__ import annotations

import subprocess
import sys

import typer
from typer.testing import CliRunner

from jingjinji.cli import IN_ORDER, app


def test_help_shows_the_steps_in_their_order_and_every_command_in_a_step() -> None:
    said = CliRunner(env={"COLUMNS": "160"}).invoke(app, ["--help"]).output
    assert [said.index(step.PANEL) for step in IN_ORDER] == sorted(said.index(step.PANEL) for step in IN_ORDER)
    commands = [said.index(f"│ {name} ") for name in ("simulate", "land", "build", "check", "release", "export", "run")]
    assert commands == sorted(commands)
    assert "─ Commands ─" not in said


def test_commands_say_what_they_do_and_import_nothing_heavy_for_it() -> None:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        assert command.help, name
    heavy = ("dbt", "airflow", "great_expectations", "pyarrow", "pandas", "openpyxl")
    code = f"import sys, jingjinji.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
