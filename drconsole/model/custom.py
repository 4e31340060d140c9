"""A step of the customer's own, as the configuration describes it (R89)."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.model.step import Mode

Absent = Literal["refuse", "leave-out"]

MODES: tuple[Mode, ...] = ("drill", "planned", "disaster")

CAPTURED_OUTPUT = 64 * 1024
"""Bytes of a program's output that are kept: the last ones, because the end tells how it ended."""


class CustomStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One `[[step]]`: either a `prompt` for an operator or a `program`, never both.

    `after`, `before` and `needs` are references (`planning.references`). What `after` names is waited
    for until it is done or given up; what `needs` names must be done. `sites` empty means every site.
    `program` and `observe` are argument lists that begin with an absolute path. `timeout_s` bounds
    one start of the program, `retries` are starts after the first. `absent` says what becomes of the
    step in a plan that has nothing of what it refers to.
    """

    name: str
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = MODES
    sites: tuple[str, ...] = ()
    prompt: str = ""
    program: tuple[str, ...] = ()
    observe: tuple[str, ...] = ()
    timeout_s: float = 300.0
    retries: int = 0
    critical: bool = True
    repeatable: bool = False
    absent: Absent = "refuse"

    @property
    def kind(self) -> Literal["prompt", "program"]:
        """What it is: the last part of its key."""
        return "prompt" if self.prompt else "program"

    def applies(self, site: str, mode: Mode) -> bool:
        """Whether it belongs to a run of this site in this mode."""
        return mode in self.modes and (not self.sites or site in self.sites)
