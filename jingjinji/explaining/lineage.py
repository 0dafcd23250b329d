"""Which models, seeds and landed tables a mart is made from: read from the SQL of the dbt project, as dbt itself reads it."""

from __future__ import annotations

import itertools
import re
from functools import cache
from pathlib import Path

import yaml

from jingjinji.explaining.facts import ModelRef
from jingjinji.paths import PROJECT

CALL = re.compile(r"\{%-?\s*macro\s+(\w+)")
USED = re.compile(r"\b(\w+)\s*\(")
REF = re.compile(r"""ref\(\s*['"](\w+)['"]\s*\)""")
SOURCE = re.compile(r"""source\(\s*['"]\w+['"]\s*,\s*['"](\w+)['"]\s*\)""")
LAYERS = {"marts": "marts", "intermediate": "intermediate", "staging": "staging"}
# Marts that no model makes: a step writes them.
WRITTEN = {"fct_quality_results": "jingjinji/quality/results.py", "release_info": "jingjinji/release/__init__.py"}
LAYER_ORDER = ("marts", "intermediate", "staging", "seeds", "raw")


def upstream(mart: str, project: Path | None = None) -> list[ModelRef]:
    """Everything above a mart, marts first, then towards what landed; the mart itself first of all."""
    texts = _texts(project or PROJECT)
    reached, waiting = [], [mart]
    while waiting:
        name = waiting.pop(0)
        if name not in reached:
            reached.append(name)
            waiting += sorted(_parents(name, texts))
    found = [_ref(name, texts) for name in reached]
    return sorted(found, key=lambda ref: (ref.name != mart, LAYER_ORDER.index(ref.layer), reached.index(ref.name)))


def parent_marts(mart: str, project: Path | None = None) -> list[str]:
    """The nearest marts above a mart, through models that are no marts themselves."""
    texts = _texts(project or PROJECT)
    found: list[str] = []
    waiting, seen = sorted(_parents(mart, texts)), {mart}
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name in texts.models and "marts" in texts.models[name].parts:
            found.append(name)
        else:
            waiting += sorted(_parents(name, texts))
    return found


class _Texts:
    """The files of the dbt project: models, macros and seeds by name, with what their SQL says."""

    def __init__(self, project: Path) -> None:
        root = project / "dbt_project"
        self.root = project
        self.models = {path.stem: path for path in sorted((root / "models").rglob("*.sql"))}
        self.seeds = {path.stem: path for path in sorted((root / "seeds").glob("*.csv"))}
        self.sql = {name: path.read_text(encoding="utf-8") for name, path in self.models.items()}
        self.macros: dict[str, str] = {}
        self.parents: dict[str, set[str]] = {}  # found so far
        for path in sorted((root / "macros").rglob("*.sql")):
            text = path.read_text(encoding="utf-8")
            starts = [found.start() for found in CALL.finditer(text)] + [len(text)]
            for start, end in itertools.pairwise(starts):
                name = CALL.match(text, start)
                self.macros[name.group(1) if name else ""] = text[start:end]
        documents = [yaml.safe_load(p.read_text(encoding="utf-8")) or {} for p in sorted(root.rglob("*.yml"))]
        self.about = {
            node["name"]: " ".join(str(node.get("description") or "").split())
            for document in documents if isinstance(document, dict)
            for kind in ("models", "seeds") for node in document.get(kind) or [] if isinstance(node, dict)
        }  # fmt: skip


@cache
def _texts(project: Path) -> _Texts:
    return _Texts(project)


def _parents(name: str, texts: _Texts) -> set[str]:
    if name not in texts.parents:
        sql = _with_macros(texts.sql.get(name, ""), texts)
        refs = {ref for ref in REF.findall(sql) if ref != name}
        texts.parents[name] = refs | {f"raw.{table}" for table in SOURCE.findall(sql)}
    return texts.parents[name]


def _with_macros(sql: str, texts: _Texts) -> str:
    """The SQL with the text of every macro it calls, and of those they call."""
    called: list[str] = []
    waiting = _called(sql, texts)
    while waiting:
        name = waiting.pop()
        if name not in called:
            called.append(name)
            waiting += _called(texts.macros[name], texts)
    return "\n".join([sql, *(texts.macros[name] for name in called)])


def _called(sql: str, texts: _Texts) -> list[str]:
    return sorted(set(USED.findall(sql)) & texts.macros.keys())


def _ref(name: str, texts: _Texts) -> ModelRef:
    if name.startswith("raw."):
        dataset = name.removeprefix("raw.")
        standard = texts.root / "feeds" / dataset / "_standard.yml"
        agreed = standard.relative_to(texts.root).as_posix() if standard.exists() else ""
        return ModelRef(name=name, layer="raw", path=agreed, about="入库的行" if agreed else "")
    if name in WRITTEN:
        return ModelRef(name=name, layer="marts", path=WRITTEN[name], about="")
    if name in texts.models:
        path = texts.models[name]
        layer = next((LAYERS[part] for part in path.parts if part in LAYERS), "intermediate")
    else:
        path, layer = texts.seeds.get(name, texts.root), "seeds"
    return ModelRef(
        name=name, layer=layer, path=path.relative_to(texts.root).as_posix(), about=texts.about.get(name, "")
    )
