"""`drconsole` as a login shell: our own command is carried out, anything else refused with a word."""

from __future__ import annotations

import pytest

from drconsole.cli.login import words_of
from drconsole.errors import Refused
from tests.lab.operator import Operator


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], []),
        (["run", "list"], ["run", "list"]),
        (["-c", "drconsole"], []),
        (["-c", "drconsole --observe"], ["--observe"]),
        (["-l", "-c", "drconsole run show 'a b'"], ["run", "show", "a b"]),
        (["-c", "/usr/bin/drconsole run list; rm -rf $HOME"], ["run", "list;", "rm", "-rf", "$HOME"]),
        (["-l"], []),
    ],
)
def test_our_own_command_is_carried_out_without_a_shell(given: list[str], words: list[str]) -> None:
    assert words_of(given) == words


@pytest.mark.parametrize(
    "command",
    [
        "scp -t /tmp",
        "rsync --server . /",
        "/usr/lib/openssh/sftp-server",
        "sh",
        "",
        "drconsole 'open",
        "exec drconsole",
        "$(drconsole)",
    ],
)
def test_another_program_is_refused(command: str) -> None:
    with pytest.raises(Refused, match="nothing else"):
        words_of(["-c", command])


def test_a_refusal_is_words_on_stderr_and_an_exit_code() -> None:
    outcome = Operator(None)("-c", "scp -t \x1b[31m/tmp")
    assert (outcome.code, outcome.stdout) == (3, b"")
    assert "this account runs drconsole and nothing else" in outcome.stderr
    assert "\x1b" not in outcome.stderr
