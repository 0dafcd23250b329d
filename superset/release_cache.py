"""Data cache whose keys carry the release: after a swap nothing of the old release is served, and nothing is purged."""

from __future__ import annotations

import os
from typing import Any

from flask_caching.backends.filesystemcache import FileSystemCache


class ReleaseCache(FileSystemCache):
    """A file cache with the current release id in every file name; a roll-back finds its old answers again."""

    def _get_filename(self, key: str) -> str:
        release = os.path.dirname(os.path.realpath(os.environ["JJJ_CURRENT_WAREHOUSE"]))
        return super()._get_filename(f"{os.path.basename(release)}|{key}")


def release_cache(app: Any, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> FileSystemCache:
    """The factory that `CACHE_TYPE` of the configuration names."""
    return ReleaseCache.factory(app, config, args, kwargs)
