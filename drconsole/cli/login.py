"""`drconsole` as an account's login shell: sshd, su and tmux hand a command over as `-c COMMAND`.

Only our own command is carried out, and without a shell: nothing in it is expanded or chained. So an
account whose shell is `drconsole` copies no files (scp, sftp, rsync) and gets no prompt.
"""

from __future__ import annotations

import shlex
from pathlib import PurePath

from drconsole.errors import Refused

_OURS = "drconsole"
_LOGIN = frozenset({"-l", "--login", "-"})
"""What `su -` and the like say to a shell."""


def words_of(arguments: list[str]) -> list[str]:
    """Returns the command's own words. Raises Refused where a login shell is asked for another program."""
    given = arguments[1:] if arguments[:1] and arguments[0] in _LOGIN else arguments
    if given[:1] != ["-c"]:
        return given
    command = given[1] if len(given) > 1 else ""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words or PurePath(words[0]).name != _OURS:
        raise Refused(
            "this account runs drconsole and nothing else",
            about=command or "-c",
            remedy="`ssh -t HOST` opens the console, `ssh HOST drconsole run list` runs a command of it",
        )
    return words[1:]
