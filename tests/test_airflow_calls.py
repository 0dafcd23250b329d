"""Calls of Airflow's API: an answer of 5xx is asked for again, any other error is told at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError

import pytest

from jingjinji.operate import airflow_site


@contextmanager
def _server(*answers: int) -> Iterator[tuple[int, list[int]]]:
    """Answers with these codes in turn; yields its port and what is left to answer."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0))
            self.end_headers()
            self.wfile.write(b'{"status": "healthy"}')

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, left
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_site, "RETRIES_S", (0, 0))


def test_a_server_error_is_asked_for_again() -> None:
    with _server(500, 503, 200) as (port, left):
        assert airflow_site.call(port, "GET", "/") == {"status": "healthy"} and left == []


@pytest.mark.parametrize(("answers", "unasked"), [((500, 500, 500, 200), [200]), ((404, 200), [200])])
def test_the_last_server_error_and_any_other_error_are_raised(answers: tuple[int, ...], unasked: list[int]) -> None:
    with _server(*answers) as (port, left):
        with pytest.raises(HTTPError):
            airflow_site.call(port, "GET", "/")
        assert left == unasked
