"""What workers post: the only way in which anything gets into the store."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from drconsole.api.client import Client
from drconsole.console.actions import Keymap
from drconsole.console.known.store import Store
from drconsole.console.style.themes import ThemeFile
from drconsole.errors import DRConsoleError


class Arrived(Message):
    """Something is known now. `apply` puts it into the store; `now` does not wait for the tick."""

    def __init__(self, apply: Callable[[Store], None], *, now: bool = False) -> None:
        super().__init__()
        self.apply = apply
        self.now = now


class Told(Message):
    """A line for the operator, such as a capture's narration."""

    def __init__(self, text: str, role: str = "text") -> None:
        super().__init__()
        self.text = text
        self.role = role


class Trouble(Message):
    """What the operator asked for went wrong."""

    def __init__(self, doing: str, error: DRConsoleError) -> None:
        super().__init__()
        self.doing = doing
        self.error = error


class Joined(Message):
    """The service greets."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client


class Reread(Message):
    """The user's themes and keys as they are now; `wrong` says what is wrong with them, a line each."""

    def __init__(self, themes: dict[str, ThemeFile], keymap: Keymap, wrong: tuple[str, ...]) -> None:
        super().__init__()
        self.themes = themes
        self.keymap = keymap
        self.wrong = wrong


class Unconfigured(Message):
    """There is no configuration: the way in is shown."""


class Parted(Message):
    """The service does not answer; it is tried again."""

    def __init__(self, error: DRConsoleError) -> None:
        super().__init__()
        self.error = error
