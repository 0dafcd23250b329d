"""What `adapter.dispatch('macro')(…)` gives while linting: any text that parses in its place."""

from __future__ import annotations

from collections.abc import Callable


def dispatch(name: str, package: str = "") -> Callable[..., str]:
    return lambda *args: f"{name}_value"
