"""Folders of the landing zone: each appears finished or not at all, and the highest version of a delivery is current."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jingjinji.paths import Home, home

FLUSHED_AT_ONCE = 16


def latest_version(folder: Path) -> int:
    """Number of the highest version that was committed; 0 when none was."""
    return max((int(p.name[1:]) for p in folder.glob("v[0-9]*") if (p / "delivery.json").exists()), default=0)


def stands(folder: str, version: int | None) -> bool:
    """Whether this version of a delivery is there and is the current one, asked of names alone: versions have no gaps."""
    if version is None:
        return False
    # plain paths, asked twice per delivery: making a Path of each takes longer than the answer
    exists = os.path.exists
    return exists(_manifest_of(folder, version)) and not exists(_manifest_of(folder, version + 1))


def _manifest_of(folder: str, version: int) -> str:
    return f"{folder}/v{version:04d}/delivery.json"


def current_manifest(folder: Path) -> dict[str, Any] | None:
    """`delivery.json` of the current version of one delivery, or None when nothing was committed there."""
    version = latest_version(folder)
    if not version:
        return None
    manifest: dict[str, Any] = json.loads((folder / f"v{version:04d}" / "delivery.json").read_text(encoding="utf-8"))
    return manifest


def current_deliveries(place: Home | None = None) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder of the current version and manifest of every delivery, in the order of their ids."""
    for folder in sorted((place or home()).deliveries.glob("*/*/*")):
        manifest = current_manifest(folder)
        if manifest:
            yield folder / f"v{manifest['version']:04d}", manifest


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a manifest the way all manifests look."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")


def archive(place: Home, source: Path, digest: str) -> None:
    """Move received bytes, already on disk for good, to where they stay."""
    target = place.archive / digest[:2] / digest
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.chmod(0o444)
        source.replace(target)


def flush(paths: Iterable[Path]) -> None:
    """Have files written to disk. All at once, since a file system then does for many what it does for one."""
    with ThreadPoolExecutor(FLUSHED_AT_ONCE) as pool:
        list(pool.map(_flush, paths))


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def commit(staged: Path, folder: Path, version: int, *, is_flushed: bool = False) -> bool:
    """Make the finished folder visible by one rename; False when somebody else committed this version first.

    `is_flushed`: the caller has had the files written to disk, and does the same for `folder` afterwards.
    """
    files = list(staged.iterdir())
    if not is_flushed:
        flush(files)
    for path in files:
        path.chmod(0o444)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"v{version:04d}"
    try:
        staged.rename(target)
    except OSError:
        if (target / "delivery.json").exists():
            return False
        raise
    if not is_flushed:
        _flush(folder)
    return True
