"""Start and stop servers so that nothing is left behind: each in a session of its own, all of it ended at the end."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from jingjinji.errors import UserError

GRACE_S = 8.0  # a server asked to end gets this long before it is killed


class ServiceError(UserError):
    """A server could not be started or died; the message says what to do."""


class Stopped(BaseException):
    """SIGINT, SIGTERM or SIGHUP arrived. Not an Exception, so that no handler on the way swallows it."""


@dataclass(frozen=True)
class Service:
    """A server to start: what to run, with which environment, and where its output goes."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path


@dataclass(frozen=True)
class Started:
    service: Service
    process: subprocess.Popen[bytes]


def port_of(variable: str, default: int) -> int:
    """The port an environment variable asks for, or the default.

    Raises:
        ServiceError: the variable is no port number.
    """
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ServiceError(f"{variable}={text} is no port number: give one between 1 and 65535")
    return int(text)


def require_free(port: int, name: str, variable: str) -> None:
    """Make sure nobody listens on the port of 127.0.0.1.

    Raises:
        ServiceError: somebody does; the message names the variable that moves the server.
    """
    with socket.socket() as probe:
        # Servers set it too: a connection that just ended must not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServiceError(
                f"port {port} for {name} is taken: end what listens there, or choose another, e.g. {variable}={free_port()}"
            ) from error


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(service: Service) -> Started:
    """Start a server in a session (and process group) of its own; its output is appended to its log."""
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with service.log.open("ab") as out:
        process = subprocess.Popen(
            service.argv,
            env=dict(service.env),
            cwd=service.cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Started(service, process)


def stop(started: Sequence[Started], grace_s: float = GRACE_S) -> None:
    """End servers and all they started: TERM to each, then KILL to whatever is left of their sessions."""
    for one in started:
        _signal_members(one.process.pid, signal.SIGTERM)
    until = time.monotonic() + grace_s
    while time.monotonic() < until and any(_alive(one) for one in started):
        time.sleep(0.1)
    for one in started:
        while members(one.process.pid):  # what forks at this very moment is caught by the next look
            _signal_members(one.process.pid, signal.SIGKILL)
            time.sleep(0.02)
        one.process.wait()


def members(session: int) -> list[int]:
    """Process ids in a session. Task processes make groups of their own, but stay in the session of their server."""
    return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and _is_member(int(p.name), session)]


def _is_member(pid: int, session: int) -> bool:
    with suppress(OSError):
        # A zombie is no work left to do, and its parent may be one we are about to end.
        return os.getsid(pid) == session and b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    return False


def _signal_members(session: int, number: signal.Signals) -> None:
    for pid in members(session):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _alive(one: Started) -> bool:
    one.process.poll()  # reaps it, so that it does not stay as a zombie
    return bool(members(one.process.pid))


def require_alive(started: Sequence[Started]) -> None:
    """Raises ServiceError with the end of its log when one of the servers has died."""
    for one in started:
        if (code := one.process.poll()) is not None:
            raise ServiceError(
                f"{one.service.name} ended with exit code {code}; the end of {one.service.log}:\n{tail(one.service.log)}"
            )


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log file; empty when there is none."""
    if not log.is_file():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def wait_until(is_ready: Callable[[], bool], started: Sequence[Started], what: str, timeout_s: float) -> None:
    """Wait until something answers.

    Raises:
        ServiceError: a server died meanwhile, or the time is over; the message holds the end of the log.
    """
    until = time.monotonic() + timeout_s
    while not is_ready():
        require_alive(started)
        if time.monotonic() > until:
            logs = "\n".join(f"{one.service.log}:\n{tail(one.service.log)}" for one in started)
            raise ServiceError(f"{what} did not answer within {timeout_s:.0f} s; the end of its logs:\n{logs}")
        time.sleep(0.5)


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold a lock file: one set of servers per home.

    Raises:
        ServiceError: another process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServiceError(
                f"`jjj demo` or `jjj up` already runs on this home ({lock}): end it first, or set another JJJ_HOME"
            ) from error
        yield


@contextmanager
def stopping(started: list[Started]) -> Iterator[None]:
    """Run a block; end all servers put into the list when it ends, also by SIGINT, SIGTERM or SIGHUP.

    Raises:
        Stopped: one of those signals arrived; the servers are gone by then.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number in numbers:  # a second Ctrl-C must not interrupt the stopping itself
            signal.signal(number, signal.SIG_IGN)
        stop(started)
        for number, handler in before.items():
            signal.signal(number, handler)
