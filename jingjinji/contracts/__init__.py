"""What was agreed (standards) and what comes in (feeds), read from the YAML below `feeds/`.

A standard is `feeds/<dataset>/_standard.yml`, a feed is `feeds/<dataset>/<region>.yml`; the path is the identity.
Unknown keys are errors, and every error names the file, the key and what to write instead.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import Field, ValidationError

from jingjinji.codes import code_list, units
from jingjinji.contracts.faults import feed_faults, standard_faults
from jingjinji.contracts.models import METRIC_TYPES as METRIC_TYPES
from jingjinji.contracts.models import MOMENT_TYPES as MOMENT_TYPES
from jingjinji.contracts.models import NUMBER_TYPES as NUMBER_TYPES
from jingjinji.contracts.models import Column as Column
from jingjinji.contracts.models import Feed as Feed
from jingjinji.contracts.models import FeedColumn as FeedColumn
from jingjinji.contracts.models import Label as Label
from jingjinji.contracts.models import Model
from jingjinji.contracts.models import RowRule as RowRule
from jingjinji.contracts.models import Standard as Standard
from jingjinji.errors import UserError
from jingjinji.paths import PROJECT

# The one written in C where there is one: ten times as fast, and reading the contracts is most of starting up.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Raised by hand when the same bytes give other rows than before, so that `jjj reland` sees the deliveries as due.
CONFORM_VERSION = "3"


# What a human has yet to say of a drafted feed: the value of a key begins with it.
TODO = "TODO"


class ContractError(UserError):
    """A standard or feed cannot be used; the message names file, key and fix."""


class UnfinishedFeedError(ContractError):
    """The feed is still a draft; the message names file and every key that waits for an answer."""


M = TypeVar("M", bound=Model)


class Contracts(Model):
    """Everything agreed: standards by dataset, feeds by `<dataset>/<region>`.

    `unfinished` are feeds with a TODO in them, each with what is to be answered: nothing lands by them, and the other feeds go on.
    """

    standards: dict[str, Standard]
    feeds: dict[str, Feed]
    unfinished: dict[str, str] = Field(default_factory=dict)

    def feed(self, feed_id: str) -> Feed:
        """The feed of that id.

        Raises:
            UnfinishedFeedError: the feed holds a TODO; the message names file and keys.
            ContractError: no such feed; the message lists the ids there are.
        """
        if feed_id in self.unfinished:
            raise UnfinishedFeedError(self.unfinished[feed_id])
        if feed_id not in self.feeds:
            raise ContractError(f"there is no feed {feed_id!r}; feeds are: {', '.join(sorted(self.feeds))}")
        return self.feeds[feed_id]

    def standard_of(self, feed: Feed) -> Standard:
        """The agreed table that `feed` fills."""
        return self.standards[feed.dataset]


def rule_set_version(standard: Standard, feed: Feed) -> str:
    """Twelve hex digits that change whenever a delivery of `feed` could be judged differently."""
    lists = {c.codes: code_list(c.codes) for c in standard.columns.values() if c.codes}
    used_units = {name: repr(unit) for name, unit in units().items()}
    parts = [CONFORM_VERSION, standard.model_dump(mode="json"), feed.model_dump(mode="json"), lists, used_units]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


def load_contracts(root: Path | None = None) -> Contracts:
    """Read and cross-check every standard and feed; one with a TODO in it is named in `unfinished` and not among the feeds.

    Args:
        root: folder of the contracts, default `feeds/` of the project.

    Raises:
        ContractError: a file is not YAML, has an unknown key, or contradicts its standard, a unit or a code list.
    """
    root = root or PROJECT / "feeds"
    files = sorted(root.glob("*/*.yml"))
    return _load(root, tuple((path, path.stat().st_mtime_ns) for path in files))


@cache
def _load(root: Path, files: tuple[tuple[Path, int], ...]) -> Contracts:
    standards: dict[str, Standard] = {}
    feeds: dict[str, Feed] = {}
    unfinished: dict[str, str] = {}
    for path, _ in files:
        if path.name == "_standard.yml":
            standards[path.parent.name] = _parse(path, _content(path), Standard, dataset=path.parent.name)
    for path, _ in files:
        if path.name != "_standard.yml":
            dataset, region = path.parent.name, path.stem
            if dataset not in standards:
                raise ContractError(f"{path}: there is no {path.parent}/_standard.yml to fill")
            feed_id, content = f"{dataset}/{region}", _content(path)
            if open_keys := list(todos(content)):
                lines = [f"  {key}: {value}" for key, value in open_keys]
                unfinished[feed_id] = f"{path}: still a draft, write an answer for every {TODO}:\n" + "\n".join(lines)
            else:
                feeds[feed_id] = _parse(path, content, Feed, feed_id=feed_id, dataset=dataset, region=region)
    for dataset, standard in standards.items():
        _raise_all(root / dataset / "_standard.yml", standard_faults(standard))
    for feed_id, feed in feeds.items():
        _raise_all(root / f"{feed_id}.yml", feed_faults(standards[feed.dataset], feed))
    return Contracts(standards=standards, feeds=feeds, unfinished=unfinished)


def _content(path: Path) -> dict[str, Any]:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER) or {}
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not valid YAML: {error}") from error


def todos(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Dotted key and value of every text in a YAML that begins with TODO."""
    if isinstance(content, str) and content.startswith(TODO):
        yield key, content
    elif isinstance(content, dict | list):
        for name, inner in content.items() if isinstance(content, dict) else enumerate(content):
            yield from todos(inner, f"{key}.{name}" if key else str(name))


def _parse(path: Path, content: dict[str, Any], model: type[M], **identity: str) -> M:
    try:
        return model.model_validate(content | identity)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ContractError(f"{path}:\n" + "\n".join(lines)) from error


def _raise_all(path: Path, faults: list[str]) -> None:
    if faults:
        raise ContractError(f"{path}:\n" + "\n".join(f"  {fault}" for fault in faults))


@lru_cache(maxsize=10_000)
def normal_header(text: str) -> str:
    """A header without the differences that carry no meaning: full-width forms, spaces, line breaks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


@cache
def header_pattern(text: str) -> re.Pattern[str]:
    """A header as declared (`受灾人口({unit})`, `{year}年`) as a pattern over normalised headers."""
    escaped = re.escape(normal_header(text)).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>.+?)", escaped))
