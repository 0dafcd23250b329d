"""Real or simulated: a home holds one of the two, and the first landing decides which."""

from __future__ import annotations

import json
import os
import uuid

from jingjinji.errors import UserError
from jingjinji.paths import Home, is_simulated


class HomeError(UserError):
    """The home holds data of the other origin; use another JJJ_HOME."""


def origin_of(file_name: str, declared: str | None = None) -> str:
    """`real` or `simulated`: what is declared, else what the name of the file says.

    Raises:
        HomeError: the name says simulated and real is declared.
    """
    if is_simulated(file_name) and declared == "real":
        raise HomeError(f"{file_name} says it is simulated and cannot be landed as real; use a home of simulated data")
    return declared or ("simulated" if is_simulated(file_name) else "real")


def check_origin(place: Home, data_origin: str, *, keep: bool = True) -> None:
    """Simulated and real data never meet: the first landing decides what a home is.

    Raises:
        HomeError: the home is of the other origin.
    """
    if data_origin not in ("real", "simulated"):
        raise HomeError(f"data origin is 'real' or 'simulated', not {data_origin!r}")
    if place.marker.exists():
        held = json.loads(place.marker.read_text(encoding="utf-8"))["data_origin"]
        if held != data_origin:
            raise HomeError(f"{place.root} holds {held} data and refuses {data_origin}; set JJJ_HOME to another folder")
    elif keep:
        place.root.mkdir(parents=True, exist_ok=True)
        marker = place.marker.with_name(f"home.{uuid.uuid4().hex}.tmp")
        marker.write_text(json.dumps({"data_origin": data_origin}) + "\n", encoding="utf-8")
        try:
            os.link(marker, place.marker)
        except FileExistsError:
            check_origin(place, data_origin)
        finally:
            marker.unlink()
