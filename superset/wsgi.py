"""The application gunicorn serves. What Superset has no setting for is done here, after its views exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask, jsonify
from superset.app import create_app

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

    def language_pack(*args: Any, **kwargs: Any) -> Any:
        response = shipped(*args, **kwargs)
        if kwargs.get("lang") != "zh" or response.status_code != 200:
            return response
        response.direct_passthrough = False
        pack = json.loads(response.get_data())
        pack["locale_data"]["superset"].update({text: [zh] for text, zh in CORRECTIONS.items()})
        return jsonify(pack)

    app.view_functions["Superset.language_pack"] = language_pack


app = create_app()
limit_logins(app)
correct_chinese(app)
