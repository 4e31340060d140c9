"""The line at the bottom that commands are typed in: completion by tab, earlier commands by up and down."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input

from drconsole.console.style.look import Line


class CommandLine(Input):
    """One line. `complete` gives the lines that what is typed may become."""

    DEFAULT_CSS = """
    CommandLine { height: 1; border: none; padding: 0 1; background: $background; }
    CommandLine:focus { border: none; }
    """
    BINDINGS = [
        Binding("tab", "complete(1)", show=False),
        Binding("shift+tab", "complete(-1)", show=False),
        Binding("up", "earlier(-1)", show=False),
        Binding("down", "earlier(1)", show=False),
        Binding("escape,ctrl+c", "give_up", show=False),
    ]

    class GivenUp(Message):
        """Escape: nothing is done."""

    class Hinted(Message):
        """What the line may become."""

        def __init__(self, hints: Line) -> None:
            super().__init__()
            self.hints = hints

    def __init__(self, complete: Callable[[str], Sequence[str]]) -> None:
        super().__init__(id="command", select_on_focus=False, compact=True)
        self.cursor_blink = False
        self._complete = complete
        self._earlier: list[str] = []
        self._at = 0
        self._typed = ""
        self._offered: Sequence[str] = ()
        self._taken = -1

    def open(self, earlier: list[str], text: str = "") -> None:
        """Takes the keys; `earlier` are the commands of before, oldest first."""
        self._earlier, self._at = earlier, len(earlier)
        self.value = text
        self.typed()
        self.focus()

    def typed(self) -> None:
        """What is there was typed: it is what completion begins from."""
        self._typed, self._taken = self.value, -1
        self._offered = self._complete(self.value)
        self._hint()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Offers what fits while one types; what we put there ourselves is no typing."""
        event.stop()
        chosen = self._offered[self._taken] if self._taken >= 0 else None
        if event.value != chosen:
            self.typed()

    def action_complete(self, by: int) -> None:
        """The next of what is offered; all that they have in common first."""
        if not self._offered:
            return
        common = _common(self._offered)
        if self._taken < 0 and len(common) > len(self.value):
            self.value = common if len(self._offered) > 1 else f"{common} "[: None if _takes(common) else -1]
            self.cursor_position = len(self.value)
            return
        self._taken = (self._taken + by) % len(self._offered) if self._taken >= 0 else 0
        self.value = self._offered[self._taken]
        self.cursor_position = len(self.value)
        self._hint()

    def action_earlier(self, by: int) -> None:
        """An earlier command, or a later one."""
        at = self._at + by
        if not 0 <= at <= len(self._earlier):
            return
        self._at = at
        self.value = self._earlier[at] if at < len(self._earlier) else ""
        self.cursor_position = len(self.value)

    def action_give_up(self) -> None:
        """Does nothing."""
        self.post_message(self.GivenUp())

    def _hint(self) -> None:
        spans = [
            (f" {offer} ", "here" if number == self._taken else "tab")
            for number, offer in enumerate(self._offered)
        ]
        if not spans:
            self.post_message(self.Hinted([(" enter", "key"), (" looks for it", "dim")]))
            return
        first = max(0, self._taken - 2)
        self.post_message(self.Hinted([(" tab ", "key"), *spans[first : first + 40]]))


def _common(offers: Sequence[str]) -> str:
    low, high = min(offers), max(offers)
    for at, letter in enumerate(low):
        if at >= len(high) or high[at] != letter:
            return low[:at]
    return low


def _takes(word: str) -> bool:
    """Whether something follows this word."""
    from drconsole.console.known.objects import KINDS

    return word in KINDS
