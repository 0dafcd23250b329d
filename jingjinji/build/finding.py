"""What the landing zone holds that a build does not have: asked of folder names, so that ten years of deliveries cost little.

A delivery's versions are numbered without gaps and never change once they stand there. So of a delivery that is known in
version n only two questions are left: does n still stand there, and does n + 1? Its manifest is not read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jingjinji.landing.committing import current_manifest, stands
from jingjinji.paths import Home, home


@dataclass(frozen=True)
class Changes:
    """What differs from the versions known: `landed` are the current versions (folder and manifest) by delivery id."""

    landed: dict[str, tuple[Path, dict[str, Any]]]
    gone: tuple[str, ...]


def changes_since(known: Mapping[str, int], place: Home | None = None) -> Changes:
    """Deliveries of which the landing zone holds another current version than the one known.

    Args:
        known: conform version by delivery id, as a build holds them; empty means that everything is new.

    Returns:
        Changes; `gone` are the known ones of which nothing is left in the landing zone.
    """
    landed, seen = {}, set()
    for delivery_id, folder in _delivery_folders(place or home()):
        seen.add(delivery_id)
        if stands(folder, known.get(delivery_id)):
            continue
        manifest = current_manifest(Path(folder))
        if manifest:
            landed[delivery_id] = (Path(folder) / f"v{manifest['version']:04d}", manifest)
        else:
            seen.discard(delivery_id)
    return Changes(landed, tuple(sorted(known.keys() - seen)))


def is_unchanged(known: Mapping[str, int], place: Home | None = None) -> bool:
    """Whether the landing zone holds exactly the versions known; stops at the first difference."""
    seen = 0
    for delivery_id, folder in _delivery_folders(place or home()):
        if stands(folder, known.get(delivery_id)):
            seen += 1
        elif current_manifest(Path(folder)):
            return False
    return seen == len(known)


def _delivery_folders(place: Home) -> Iterator[tuple[str, str]]:
    """Id and path of every delivery folder, in the order of feeds and ids."""
    if not place.deliveries.is_dir():
        return
    for dataset in _folders(str(place.deliveries)):
        for region in _folders(dataset):
            for folder in _folders(region):
                yield folder.rpartition("/")[2], folder


def _folders(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(entry.path for entry in entries if entry.is_dir())
