"""What holds for every configuration: this program, this machine, this login, this terminal."""

from __future__ import annotations

import ctypes
import locale
import os
import platform
import resource
import shutil
import sqlite3
import sys

from drconsole import __version__
from drconsole.api.logout import at_logout
from drconsole.service.checkup.finding import CheckFinding, bad, note, ok

_DESCRIPTORS = 4096
"""A run of hundreds of machines holds a connection to each."""

_UNSYNCHRONISED = 0x0040
_STATUS_AT = 40
_TIMEX_BYTES = 208
"""`struct timex` of <sys/timex.h> on 64 bits: `status` follows five longs; STA_UNSYNC is its flag."""

_SMALL = (80, 20)


def version() -> CheckFinding:
    """Which program, interpreter and SQLite."""
    text = f"drconsole {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return ok("program", text)


def descriptors() -> CheckFinding:
    """How many files and connections a process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"a process may have {soft} open at once"
    if soft >= _DESCRIPTORS:
        return ok("open files", text)
    remedy = f"`ulimit -n {_DESCRIPTORS}` before the service starts" if hard >= _DESCRIPTORS else ""
    return note("open files", text, remedy or "raise the limit in limits.conf or the unit")


def clock() -> CheckFinding:
    """Whether the kernel believes that its clock follows a time server: recovered hosts take this time."""
    told = ctypes.create_string_buffer(_TIMEX_BYTES)
    if sys.maxsize < 2**32 or ctypes.CDLL(None).adjtimex(told) < 0:
        return note("clock", "the kernel does not say whether it is synchronised")
    status = int.from_bytes(told.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder)
    if status & _UNSYNCHRONISED:
        return note(
            "clock", "is not synchronised with a time server", "start one of chrony, systemd-timesyncd"
        )
    return ok("clock", "is synchronised")


def logout() -> CheckFinding:
    """What the end of the last login of this account would do to its service and its runs."""
    found = at_logout()
    if found.spares:
        return ok("logout", found.text)
    return bad("logout", found.text, "`loginctl enable-linger`, or install the units")


def terminal() -> CheckFinding:
    """Whether the console can draw where we stand."""
    if not sys.stdout.isatty():
        return ok("terminal", "none: commands print plain lines")
    size = shutil.get_terminal_size()
    kind = os.environ.get("TERM", "") or "unknown"
    text = f"{kind}, {size.columns}x{size.lines}, {locale.getpreferredencoding(False)}"
    if kind in ("unknown", "dumb"):
        return note("terminal", text, "set TERM; the console needs one that moves its cursor")
    if locale.getpreferredencoding(False).upper() not in ("UTF-8", "UTF8"):
        return note("terminal", text, "use a UTF-8 locale")
    if size.columns < _SMALL[0] or size.lines < _SMALL[1]:
        return note("terminal", text, f"the console wants {_SMALL[0]}x{_SMALL[1]} at least")
    return ok("terminal", text)
