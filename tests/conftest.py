"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from jingjinji.paths import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home of the test's own; `paths.home()` means it."""
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    return Home((tmp_path / "home").resolve())
