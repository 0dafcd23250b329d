"""Roles and logins of Superset. Everything a release holds is shared by the three regions, so a role says what people
may do, not which rows they see."""

from __future__ import annotations

from typing import Any

from superset import appbuilder, db, security_manager
from superset.connectors.sqla.models import SqlaTable
from superset.models.core import Database

ANALYST = "analyst_joint"
PUBLIC = "public_language"


def sync_roles() -> None:
    """Superset's own permissions, then ours: the analyst is Gamma (reads, explores, saves own charts; no SQL Lab)."""
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    language = security_manager.add_permission_view_menu("can_language_pack", "Superset")
    security_manager.add_role(PUBLIC).permissions = [language]
    security_manager.add_role(ANALYST).permissions = list(security_manager.find_role("Gamma").permissions)
    db.session.commit()


def create_logins(logins: list[dict[str, str]]) -> None:
    """Create the logins of `logins.json`; one that exists keeps the password its owner may have changed."""
    for login in logins:
        name, role = login["username"], security_manager.find_role(login["role"])
        if security_manager.find_user(name) is None:
            mail = f"{name}@localhost.localdomain"
            security_manager.add_user(name, login["name"], "", mail, role, password=login["password"])


def grant_datasets(database_uuid: str) -> None:
    """Let the analyst read every dataset of the warehouse, and no other database."""
    role = security_manager.find_role(ANALYST)
    query = db.session.query(SqlaTable).join(Database).filter(Database.uuid == database_uuid)
    wanted: list[Any] = [
        security_manager.add_permission_view_menu("datasource_access", dataset.perm) for dataset in query
    ]
    role.permissions = [
        *(permission for permission in role.permissions if permission.permission.name != "datasource_access"),
        *wanted,
    ]
    db.session.commit()
