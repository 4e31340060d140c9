"""A customer writes steps of their own into the configuration, and is told where one cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from drconsole.errors import InvalidConfiguration
from drconsole.model.custom import CustomStep
from drconsole.settings.file import parse

FILE = Path("/srv/dr/drconsole.toml")
STEP = '[[step]]\nname = "bank"\n'


def steps(text: str) -> tuple[CustomStep, ...]:
    return parse(text, FILE).steps


def refused(text: str) -> InvalidConfiguration:
    with pytest.raises(InvalidConfiguration) as caught:
        steps(text)
    return caught.value


def test_a_prompt_needs_a_text_and_a_place() -> None:
    (step,) = steps(STEP + 'before = "guests"\nprompt = "Is the bank told?"\n')
    assert step == CustomStep(name="bank", before=("guests",), prompt="Is the bank told?")
    assert step.modes == ("drill", "planned", "disaster")


def test_a_program_has_its_limits() -> None:
    text = """
[[step]]
name = "dns"
after = ["storage", "import/*"]
needs = "provision/db-01/ready"
modes = ["disaster"]
program = ["/usr/local/bin/switch-dns", "--to", "recovery"]
observe = ["/usr/local/bin/dns-is-switched"]
timeout = "90s"
retries = 2
critical = false
repeatable = true
absent = "leave-out"
"""
    (step,) = steps(text)
    assert step.program == ("/usr/local/bin/switch-dns", "--to", "recovery")
    assert step.observe == ("/usr/local/bin/dns-is-switched",)
    assert (step.timeout_s, step.retries, step.critical, step.repeatable) == (90.0, 2, False, True)
    assert step.applies("pittsburgh", "disaster")
    assert not step.applies("pittsburgh", "drill")


PROGRAM = 'program = ["/bin/true"]\n'


@pytest.mark.parametrize(
    ("rest", "line", "told"),
    [
        ('after = "guests"\n', 1, "neither a prompt nor a program"),
        ('after = "guests"\nprompt = "a"\n' + PROGRAM, 4, "both a prompt and a program"),
        (PROGRAM, 1, "where the step belongs"),
        ('after = "guests"\nprogram = ["true"]\n', 4, "absolute path"),
        ('after = "guests"\nprogram = "/bin/true"\n', 4, "a list"),
        ('after = "guests"\nprogram = []\n', 4, "absolute path"),
        ('after = "guests"\nprompt = " "\n', 4, "is empty"),
        ('after = "guests"\nprompt = "a"\ntimeout = "9s"\n', 5, "is for programs"),
        ('after = "guests"\nprompt = "a"\ncritical = false\n', 5, "is for programs"),
        ('after = "guest/web"\n' + PROGRAM, 3, "'guest' is no stage"),
        ('after = "guests/a/b/c"\n' + PROGRAM, 3, "%2F"),
        ('after = "guests//on"\n' + PROGRAM, 3, "a part is empty"),
        ('after = "gests"\n' + PROGRAM, 3, "no stage and no [[step]]"),
        ('after = "bank"\n' + PROGRAM, 3, "names itself"),
        ('after = "guests"\nmodes = ["real"]\n' + PROGRAM, 4, "'real' is no mode"),
        ('after = "guests"\nmodes = []\n' + PROGRAM, 4, "is empty"),
        ('after = "guests"\nsite = "nowhere"\n' + PROGRAM, 4, "is no site"),
        ('after = "guests"\ntimeout = "soon"\n' + PROGRAM, 4, "not understood"),
        ('after = "guests"\nretries = 900\n' + PROGRAM, 4, "out of range"),
        ('after = "guests"\nabsent = "ignore"\n' + PROGRAM, 4, "not known"),
        ('after = "guests"\nshell = true\n' + PROGRAM, 4, "unknown key"),
        ('after = "guests"\nbefore = "storage"\n' + PROGRAM, 4, "after guests and before storage"),
    ],
)
def test_each_mistake_has_its_line(rest: str, line: int, told: str) -> None:
    error = refused(STEP + rest)
    assert told in str(error)
    assert error.line == line
    assert error.expected


def test_a_stages_name_is_no_steps_name() -> None:
    error = refused('[[step]]\nname = "guests"\nafter = "import"\nprompt = "a"\n')
    assert "a stage's name" in str(error)
    assert error.line == 2


def test_two_steps_of_one_name_are_refused_at_the_second() -> None:
    one = STEP + 'after = "guests"\nprompt = "a"\n'
    error = refused(one + one)
    assert "stands twice" in str(error)
    assert error.line == 6


def test_steps_that_wait_for_each_other_are_named() -> None:
    text = """
[[step]]
name = "a"
after = "b"
prompt = "a?"
[[step]]
name = "b"
after = "c"
prompt = "b?"
[[step]]
name = "c"
before = "guests"
after = "a"
prompt = "c?"
"""
    error = refused(text)
    assert "wait for each other" in str(error)
    assert all(name in str(error) for name in ("a", "b", "c"))
