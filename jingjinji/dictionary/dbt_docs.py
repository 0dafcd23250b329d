"""dbt's own documentation as one page that asks nobody for anything.

The page that dbt ships loads a script of a statistics service from a public server and reports each view to it: neither
reaches anybody from here, because both addresses are taken out and the page forbids itself all connections.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from jingjinji.build.dbt_run import PROJECT_DIR, BuildError

PLACES = ('"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"')
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:; font-src data:"
# Whose servers the shipped page names for its statistics.
STRANGERS = re.compile(
    r"(?:https?:)?//(?:d1fc8wv8zag5ca\.cloudfront\.net|fuzzed\.getdbt\.com)/[^\"']*|fishtownanalytics\.sinter-collect\.com"
)
NODE_FACTS = (
    "unique_id", "name", "resource_type", "package_name", "path", "original_file_path", "database", "schema", "alias", "fqn", "description",
    "columns", "config", "tags", "meta", "docs", "depends_on", "refs", "sources", "raw_code", "compiled_code", "language", "access", "version",
    "group", "test_metadata", "column_name", "source_name", "source_description", "loader", "identifier", "root_path", "macro_sql", "arguments",
)  # fmt: skip


def write_dbt_page(target: Path, work: Path) -> Path:
    """Parse the dbt project and write its documentation as one HTML file.

    Args:
        target: folder of the page; `index.html` is written into it.
        work: scratch folder for dbt's own files.

    Raises:
        BuildError: the project cannot be parsed; dbt's message says where.
    """
    manifest = _parsed(work)
    catalog = _contracted(manifest)
    shell = Path(str(importlib.util.find_spec("dbt.task.docs").submodule_search_locations[0])) / "index.html"  # type: ignore[union-attr,index]
    page = quiet(shell.read_text(encoding="utf-8"))
    for place, content in zip(PLACES, (_settled(manifest), catalog), strict=True):
        # "</script>" in a comment of a model would end the script it is written into.
        page = page.replace(place, json.dumps(content, ensure_ascii=False, sort_keys=True).replace("</", "<\\/"))
    target.mkdir(parents=True, exist_ok=True)
    (target / "index.html").write_text(page, encoding="utf-8")
    return target / "index.html"


def quiet(page: str) -> str:
    """The page without the addresses of strangers, and forbidden to load or send anything."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return re.sub(r"<head>", f"<head>{policy}", STRANGERS.sub("", page), count=1)


def _parsed(work: Path) -> dict[str, Any]:
    work.mkdir(parents=True, exist_ok=True)
    own = {
        "JJJ_CANDIDATE": str(work / "warehouse.duckdb"), "DBT_TARGET_PATH": str(work), "DBT_LOG_PATH": str(work),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    command = [sys.executable, "-m", "dbt.cli.main", "--no-partial-parse", "parse"]
    command += ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    done = subprocess.run(
        command, env={**os.environ, **own}, cwd=PROJECT_DIR, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError("dbt parse failed:\n" + "\n".join(done.stdout.strip().splitlines()[-12:]))
    manifest: dict[str, Any] = json.loads((work / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _settled(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest of this project, without times, ids of the run, paths of this machine and dbt's own macros."""
    own = "jingjinji"
    nodes = {key: _facts(node) for key, node in manifest["nodes"].items()}
    macros = {key: _facts(macro) for key, macro in manifest["macros"].items() if macro["package_name"] == own}
    sources = {key: _facts(source) for key, source in manifest["sources"].items()}
    docs = {key: doc for key, doc in manifest["docs"].items() if doc["package_name"] == own}
    kept: dict[str, Any] = {
        name: {}
        for name in (
            "exposures",
            "metrics",
            "semantic_models",
            "saved_queries",
            "groups",
            "disabled",
            "unit_tests",
            "functions",
        )
    }
    kinds = {
        "project_name": own,
        "adapter_type": "duckdb",
        "dbt_schema_version": manifest["metadata"]["dbt_schema_version"],
    }
    return {
        **kept, "metadata": kinds, "nodes": nodes, "macros": macros, "sources": sources, "docs": docs,
        "parent_map": _among(manifest["parent_map"], nodes, sources), "child_map": _among(manifest["child_map"], nodes, sources),
    }  # fmt: skip


def _contracted(manifest: dict[str, Any]) -> dict[str, Any]:
    """What dbt would read from a database, from the contracts of the models instead: columns in their order, with types."""
    nodes = {
        key: {
            "unique_id": key, "metadata": {"type": "table", "schema": node["schema"], "name": node["name"], "database": "warehouse"},
            "columns": {
                name: {"name": name, "index": at, "type": column.get("data_type") or "", "comment": column["description"]}
                for at, (name, column) in enumerate(node["columns"].items(), 1)
            },
            "stats": {},
        }
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["columns"]
    }  # fmt: skip
    return {"metadata": {}, "nodes": nodes, "sources": {}, "errors": None}


def _facts(node: dict[str, Any]) -> dict[str, Any]:
    kept = {name: node[name] for name in NODE_FACTS if name in node}
    return kept | ({"root_path": ""} if "root_path" in kept else {})


def _among(related: dict[str, list[str]], *known: dict[str, Any]) -> dict[str, list[str]]:
    names = {name for one in known for name in one}
    return {name: [other for other in others if other in names] for name, others in related.items() if name in names}
