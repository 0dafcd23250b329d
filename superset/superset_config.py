"""Superset for one machine: Chinese first, no service but itself, DuckDB read-only and locked.

Where things are comes from the environment, set by `jingjinji/operate/superset_site.py`:
`JJJ_SUPERSET_STATE` (folder of Superset's own state) and `JJJ_CURRENT_WAREHOUSE` (the released file, through `current`).
`JJJ_SUPERSET_METADATA_URI` moves the metadata to PostgreSQL on a server.
"""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.pool import Pool

STATE = Path(os.environ["JJJ_SUPERSET_STATE"])
CURRENT_WAREHOUSE = os.environ["JJJ_CURRENT_WAREHOUSE"]

SECRET_KEY = (STATE / "secret_key").read_text("ascii").strip()
SQLALCHEMY_DATABASE_URI = os.environ.get(
    "JJJ_SUPERSET_METADATA_URI", f"sqlite:///{STATE}/superset.db?check_same_thread=false"
)

# ---------------------------------------------------------------- language
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {"zh": {"flag": "cn", "name": "简体中文"}, "en": {"flag": "us", "name": "English"}}
_MONTHS = [f"{month}月" for month in range(1, 13)]
D3_TIME_FORMAT = {
    "dateTime": "%Y年%m月%d日 %X",
    "date": "%Y-%m-%d",
    "time": "%H:%M:%S",
    "periods": ["上午", "下午"],
    "days": ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
    "shortDays": ["周日", "周一", "周二", "周三", "周四", "周五", "周六"],
    "months": _MONTHS,
    "shortMonths": _MONTHS,
}
APP_NAME = "京津冀应急管理数据仓库"


# ---------------------------------------------------------------- caches without a cache server
def _file_cache(name: str, seconds: int, kind: str = "FileSystemCache") -> dict[str, Any]:
    return {
        "CACHE_TYPE": kind,
        "CACHE_DIR": str(STATE / "cache" / name),
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_THRESHOLD": 5000,
        "CACHE_KEY_PREFIX": f"{name}_",
    }


CACHE_CONFIG = _file_cache("metadata", 600)
DATA_CACHE_CONFIG = _file_cache("data", 86400, "release_cache.release_cache")

# ---------------------------------------------------------------- web
WTF_CSRF_ENABLED = True
TALISMAN_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = os.environ.get("JJJ_SUPERSET_HTTPS") == "1"
# The pages are served on 127.0.0.1 without TLS; behind a TLS proxy both switches are one variable.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],  # blocks the telemetry pixel built into the front end
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'", "'unsafe-eval'"],  # the chart library compiles templates
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": SESSION_COOKIE_SECURE,
    "session_cookie_secure": SESSION_COOKIE_SECURE,
}
CORS_OPTIONS: dict[str, Any] = {"origins": []}
PERMANENT_SESSION_LIFETIME = timedelta(hours=8)
SUPERSET_WEBSERVER_TIMEOUT = 60
GUEST_TOKEN_JWT_SECRET = hashlib.sha256(f"guest {SECRET_KEY}".encode()).hexdigest()

# ---------------------------------------------------------------- who may do what
AUTH_USER_REGISTRATION = False
AUTH_ROLE_PUBLIC = "public_language"  # may load the language pack, so that the login page speaks Chinese
RATELIMIT_ENABLED = True
RATELIMIT_APPLICATION = "200 per second"
RATELIMIT_STORAGE_URI = "memory://"
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per minute"
PREVENT_UNSAFE_DB_CONNECTIONS = True
FEATURE_FLAGS = {
    "ALERT_REPORTS": False,
    "ALLOW_ADHOC_SUBQUERY": False,
    "DASHBOARD_RBAC": False,
    "EMBEDDED_SUPERSET": False,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "THUMBNAILS": False,
}
ROW_LIMIT = 10000
SQL_MAX_ROW = 50000

# ---------------------------------------------------------------- DuckDB: read-only, nothing outside the file
DUCKDB_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "threads": "2",
    "memory_limit": "2GB",
    "lock_configuration": "true",
}
# A second layer: names what the lock refuses before DuckDB sees it, and hides paths and settings.
DISALLOWED_SQL_FUNCTIONS = {
    "duckdb": {
        "duckdb_databases",
        "duckdb_secrets",
        "duckdb_settings",
        "getenv",
        "glob",
        "parquet_scan",
        "query",
        "query_table",
        "read_blob",
        "read_csv",
        "read_csv_auto",
        "read_json",
        "read_json_auto",
        "read_ndjson",
        "read_parquet",
        "read_text",
        "sniff_csv",
    },
}


def DB_CONNECTION_MUTATOR(
    uri: URL, params: dict[str, Any], username: str | None, security_manager: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """Lock every DuckDB connection and open the real file behind `current`, so that a swap shows at the next query."""
    if uri.get_backend_name() == "duckdb":
        arguments = params.setdefault("connect_args", {})
        arguments["read_only"] = True
        arguments["config"] = {**arguments.get("config", {}), **DUCKDB_CONFIG}
        uri = uri.set(database=os.path.realpath(uri.database or CURRENT_WAREHOUSE))
    return uri, params


# DuckDB has no statement timeout; Superset opens one connection per query, so a timer per connection is one per query.
STATEMENT_TIMEOUT_SECONDS = float(os.environ.get("JJJ_SUPERSET_STATEMENT_TIMEOUT", "30"))


@event.listens_for(Pool, "connect")
def _start_timer(connection: Any, record: Any) -> None:
    if type(connection).__module__.startswith("duckdb_engine"):
        timer = threading.Timer(STATEMENT_TIMEOUT_SECONDS, connection.interrupt)
        timer.daemon = True
        record.info["statement_timer"] = timer
        timer.start()


@event.listens_for(Pool, "close")
def _stop_timer(connection: Any, record: Any) -> None:
    timer = record.info.pop("statement_timer", None)
    if timer is not None:
        timer.cancel()
