"""Reads `[[step]]`: the customer's own steps of a recovery."""

from __future__ import annotations

from typing import cast

from drconsole.model.custom import MODES, Absent, CustomStep
from drconsole.model.step import STAGES, Mode
from drconsole.planning import references
from drconsole.settings import quantities
from drconsole.settings.machines import read_name
from drconsole.settings.table import Table

_OF_PROGRAMS = ("observe", "timeout", "retries", "critical", "repeatable")
_PROGRAM_FORM = 'a list such as ["/usr/local/bin/check", "--fast"]: an absolute path, then its arguments'


def read_step(table: Table) -> CustomStep:
    """Reads one `[[step]]`, which has either a prompt or a program."""
    name = _name(table)
    asks = "prompt" in table
    if asks == ("program" in table):
        told = "has both a prompt and a program" if asks else "has neither a prompt nor a program"
        raise table.wrong("prompt", told, 'either prompt = "text" or program = ["/path", "argument"]')
    step = CustomStep(
        name=name,
        after=_references(table, "after"),
        before=_references(table, "before"),
        needs=_references(table, "needs"),
        modes=_modes(table),
        sites=one_or_more(table, "site"),
        absent=cast("Absent", table.choice("absent", ("refuse", "leave-out"), "refuse")),
        prompt=_prompt(table) if asks else "",
        program=() if asks else _program(table, "program"),
        observe=() if asks or "observe" not in table else _program(table, "observe"),
        timeout_s=300.0
        if asks
        else table.form("timeout", quantities.duration, quantities.DURATION_FORM, 300.0),
        retries=0 if asks else table.number("retries", 0, most=20),
        critical=True if asks else table.flag("critical", True),
        repeatable=False if asks else table.flag("repeatable", False),
    )
    _refuse_for_prompts(table, asks=asks)
    table.close()
    if not (step.after or step.before or step.needs):
        raise table.wrong("after", "nothing says where the step belongs", "after, before or needs")
    return step


def one_or_more(table: Table, key: str) -> tuple[str, ...]:
    """Returns a key that holds a text or a list of texts; () where it is absent."""
    if key not in table or isinstance(table.raw(key), list):
        return table.texts(key, ())
    return (table.text(key),)


def _name(table: Table) -> str:
    name = read_name(table.text("name"), table)
    if name in STAGES:
        raise table.wrong("name", f"{name!r} is a stage's name", "a name of its own")
    return name


def _prompt(table: Table) -> str:
    text = table.text("prompt").strip()
    if not text:
        raise table.wrong("prompt", "is empty", "what the operator is asked")
    return text


def _program(table: Table, key: str) -> tuple[str, ...]:
    words = table.texts(key)
    if not words or not words[0].startswith("/"):
        raise table.wrong(key, "does not begin with an absolute path", _PROGRAM_FORM)
    if any("\0" in word for word in words):
        raise table.wrong(key, "holds a zero byte", _PROGRAM_FORM)
    return words


def _references(table: Table, key: str) -> tuple[str, ...]:
    texts = one_or_more(table, key)
    for text in texts:
        try:
            references.read(text)
        except ValueError as error:
            raise table.wrong(key, f"{text!r}: {error}", references.FORM) from None
    return texts


def _modes(table: Table) -> tuple[Mode, ...]:
    if "modes" not in table:
        return MODES
    words = one_or_more(table, "modes")
    for word in words:
        if word not in MODES:
            raise table.wrong("modes", f"{word!r} is no mode", f"some of {', '.join(MODES)}")
    if not words:
        raise table.wrong("modes", "is empty", f"some of {', '.join(MODES)}, or leave it out for all")
    return cast("tuple[Mode, ...]", words)


def _refuse_for_prompts(table: Table, *, asks: bool) -> None:
    for key in _OF_PROGRAMS if asks else ():
        if key in table:
            raise table.wrong(key, "is for programs; this step is a prompt", "leave it out")
