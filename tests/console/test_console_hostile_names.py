"""Names of others are shown, readable, and do nothing: no markup, no action, no escape sequence."""

from __future__ import annotations

from pathlib import Path

from tests.console.small_world import world
from tests.console.terminal import console

NAMES = {
    "[/]": "[/]",
    "[@click=app.exit]go[/]": "[@click=app.exit]go[/]",
    "\x1b[35;5;7m": r"\x1b[35;5;7m",
    "\x1b]52;c;aGk=\x07": r"\x1b]52;c;aGk=\x07",
    "\x9b35;5;7m\x9d": r"\x9b35;5;7m\x9d",
    "\u202egpj": r"\u202egpj",
    "a\r\nb\tc": r"a\r\nb\tc",
    "名前🙂é": "名",
}
"""A name, and how it is shown. The bold ones would colour, clear, copy, run or turn the line round."""

RAW = (b"\x1b[35;5;7m", b"\x1b]52", "\x9b".encode(), "\x9d".encode(), "\u202e".encode(), b"\x9b35")


class Hostile:
    """Gives each plain name the next hostile beginning, always the same one to the same name."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def __call__(self, plain: str) -> str:
        beginnings = tuple(NAMES)
        return self._given.setdefault(plain, f"{beginnings[len(self._given) % len(beginnings)]}{plain}")


def test_hostile_names_are_shown_on_every_screen_and_do_nothing(tmp_path: Path) -> None:
    service = world(tmp_path, named=Hostile())
    with service.listening(), console(service.config, (160, 44)) as terminal:
        terminal.sees("● pittsburgh", "Guests 6", r"\x1b", "[/]")
        terminal.press("tab", "2")
        terminal.sees("[2 Targets]", "Pool 8", *NAMES.values())
        terminal.press("3")
        terminal.sees("[3 Map]", "needs 6 targets", "✓ good")
        terminal.press("enter")
        terminal.sees("enter chooses", r"\u202egpjH", "taken by")
        terminal.escape("enter chooses")
        terminal.press("4")
        terminal.sees("[4 VMs]", "○ cannot")
        terminal.press("/", "z", "enter", "5")
        terminal.sees("[5 Run]", "✗ failed", "no link")
        terminal.press("t")
        terminal.sees("Steps 4")
        terminal.press("t")
        terminal.sees("Guests 6", "[/]")
        assert terminal.ended(0.2) is None, terminal.text
    assert not [raw for raw in RAW if raw in terminal.sent]
