"""What `{{ dbt.… }}` gives while linting: any text that parses in its place."""

from __future__ import annotations

from collections.abc import Callable


def __getattr__(name: str) -> Callable[..., str]:
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *args: f"{name}_value"
