"""The application gunicorn serves. What Superset has no setting for is done here, after its views exist."""

from __future__ import annotations

import json
import logging
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, jsonify
from flask_login import current_user
from superset.app import create_app

# The wheel lacks a picture of its own source tree and would say so at every page.
logging.getLogger("superset.views.base").addFilter(lambda record: "default spinner" not in record.getMessage())
CORRECTIONS = json.loads((Path(__file__).parent / "zh.json").read_text("utf-8"))
LOGIN_VIEWS = ("AuthDBView.login", "SupersetAuthView.login", "SecurityApi.login")


def limit_logins(app: Flask) -> None:
    """Bind `AUTH_RATE_LIMIT` to the login views; Superset 6.1.0 itself binds it to a blueprint nobody serves."""
    limiter = app.appbuilder.sm.limiter
    for name in LOGIN_VIEWS:
        if name in app.view_functions:
            limited = limiter.limit(app.config["AUTH_RATE_LIMIT"], methods=["POST"])
            app.view_functions[name] = limited(app.view_functions[name])


def correct_chinese(app: Flask) -> None:
    """Lay `zh.json` over the Chinese language pack of the wheel, which is wrong or silent in places."""
    shipped = app.view_functions["Superset.language_pack"]

    @wraps(shipped)
    def language_pack(*args: Any, **kwargs: Any) -> Any:
        response = shipped(*args, **kwargs)
        if kwargs.get("lang") != "zh" or response.status_code != 200:
            return response
        response.direct_passthrough = False
        pack = json.loads(response.get_data())
        pack["locale_data"]["superset"].update({text: [zh] for text, zh in CORRECTIONS.items()})
        return jsonify(pack)

    app.view_functions["Superset.language_pack"] = language_pack


def ignore_strangers_events(app: Flask) -> None:
    """Answer the usage events of the login page with nothing. Superset answers them with a second login page, whose
    session cookie can arrive after the one of a quick login and undo it."""
    counted = app.view_functions["Superset.log"]

    @wraps(counted)  # its name is on Superset's list of views that need no CSRF token
    def log(*args: Any, **kwargs: Any) -> Any:
        return counted(*args, **kwargs) if current_user.is_authenticated else ("", 204)

    app.view_functions["Superset.log"] = log


app = create_app()
limit_logins(app)
correct_chinese(app)
ignore_strangers_events(app)
