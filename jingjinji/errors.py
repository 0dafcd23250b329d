"""The one kind of error that people can act on: shown as its message, without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something a data engineer can correct; the message says what, where and how. `exit_code` is the command's."""

    exit_code = 1
