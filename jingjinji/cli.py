"""`jjj`: every step of the chain without Airflow. Commands parse, call one function of the package and print."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="jjj",
    help="京津冀应急管理数据仓库 · land → build → check → release → export, each step on its own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# ---------------------------------------------------------------- landing: land, reland, withdraw

# ---------------------------------------------------------------- build, check

# ---------------------------------------------------------------- release: release, query

# ---------------------------------------------------------------- export: export, verify

# ---------------------------------------------------------------- operating: run, doctor, demo, up
