"""Bring Superset's own state up to date: schema, roles, logins, dashboards. Run with the Superset environment's python.

One process, because starting the application is most of the cost. Says each step on standard output, ends with one line
of JSON. Nothing is done when neither the bundle, nor the configuration, nor the released schema has changed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bundle import Bundle, build_bundle

HERE = Path(__file__).parent
STATE = Path(os.environ["JJJ_SUPERSET_STATE"])
STAMP = STATE / "deployed.json"


def say(step: str) -> None:
    """One step for the caller to show (`superset_site.deploy` knows it by the dot)."""
    print(f"· {step}", flush=True)


def fingerprint(contents: dict[str, str]) -> str:
    """Hash of everything a deployment depends on: assets as generated, programs, logins, version of Superset."""
    digest = hashlib.sha256(version("apache-superset").encode())
    for name, text in sorted(contents.items()):
        digest.update(f"{name}\0{text}\0".encode())
    for path in (*sorted(HERE.glob("*.py")), STATE / "logins.json"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_deployed(wanted: str) -> bool:
    """Whether the last deployment had this fingerprint and its metadata is still there."""
    if not STAMP.exists():
        return False
    in_file = "JJJ_SUPERSET_METADATA_URI" not in os.environ
    return json.loads(STAMP.read_text())["fingerprint"] == wanted and (not in_file or (STATE / "superset.db").exists())


def upgrade_metadata() -> None:
    """Create or migrate Superset's own tables."""
    import superset
    from flask_migrate import upgrade

    upgrade(directory=str(Path(superset.__file__).parent / "migrations"))


def import_assets(bundle: Bundle) -> None:
    """Import the bundle as the administrator; what has the same uuid is overwritten."""
    from flask import g
    from superset import security_manager
    from superset.commands.exceptions import CommandInvalidError
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    g.user = security_manager.find_user("admin")
    try:
        ImportAssetsCommand(bundle.contents).run()
    except CommandInvalidError as error:
        raise SystemExit(f"the bundle was refused: {error.normalized_messages()}") from error


def remove_what_left(bundle: Bundle) -> int:
    """Delete charts and datasets that an earlier bundle brought and this one no longer holds; what people saved stays."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.slice import Slice

    before = set(json.loads(STAMP.read_text())["uuids"]) if STAMP.exists() else set()
    gone = before - bundle.uuids
    removed = [row for kind in (Slice, SqlaTable) for row in db.session.query(kind) if str(row.uuid) in gone]
    for row in removed:
        db.session.delete(row)
    db.session.commit()
    return len(removed)


def deploy(bundle: Bundle) -> dict[str, Any]:
    """Everything in one application context. Returns what was done, for the caller to show."""
    say("启动 Superset 应用")
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from security import create_logins, grant_datasets, sync_roles

        say("升级元数据库")
        upgrade_metadata()
        say("建立角色与账号")
        sync_roles()
        create_logins(json.loads((STATE / "logins.json").read_text()))
        say(f"导入看板（{len(bundle.contents)} 个文件）")
        import_assets(bundle)
        removed = remove_what_left(bundle)
        grant_datasets(bundle.database_uuid)
    return {"charts": bundle.chart_count, "removed": removed, "left_out": bundle.left_out}


def main() -> None:
    logging.disable(logging.WARNING)
    bundle = build_bundle(Path(os.environ["JJJ_CURRENT_WAREHOUSE"]))
    wanted = fingerprint(bundle.contents)
    if is_deployed(wanted):
        result: dict[str, Any] = {"changed": False, "charts": bundle.chart_count, "left_out": bundle.left_out}
    else:
        result = {"changed": True, **deploy(bundle)}
        STAMP.write_text(json.dumps({"fingerprint": wanted, "uuids": sorted(bundle.uuids)}))
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
