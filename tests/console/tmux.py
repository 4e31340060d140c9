"""tmux on a socket of its own: terminals that live on when what runs in them is killed."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.console.terminal import Terminal, terminal

_SET = ("set-option -g remain-on-exit on", "set-option -sg escape-time 10", "set-option -g status off")


class Window:
    """One terminal in tmux."""

    def __init__(self, tmux: Tmux, name: str) -> None:
        self._tmux = tmux
        self.name = name

    def press(self, *keys: str) -> None:
        """Types keys, by tmux's names (`Enter`, `Escape`) or as they are."""
        for key in keys:
            self._tmux.say("send-keys", "-t", self.name, key)
            time.sleep(0.05)

    def types(self, text: str) -> None:
        """Types a text, letter by letter as it is."""
        self._tmux.say("send-keys", "-t", self.name, "-l", text)

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return self._tmux.say("capture-pane", "-p", "-t", self.name)

    @property
    def pid(self) -> int:
        """The process that tmux has started in it."""
        return int(self._tmux.say("display-message", "-p", "-t", self.name, "#{pane_pid}"))

    @property
    def over(self) -> bool:
        """Whether that process has ended."""
        return self._tmux.say("display-message", "-p", "-t", self.name, "#{pane_dead}").strip() == "1"

    def resize(self, width: int, height: int) -> None:
        """Gives the terminal another size."""
        self._tmux.say("resize-window", "-t", self.name, "-x", str(width), "-y", str(height))

    def sees(self, *words: str, within: float = 60.0) -> str:
        """Waits until all words are shown and returns the screen; fails with it."""
        until = time.monotonic() + within
        text = self.text
        while not all(word in text for word in words):
            missing = [word for word in words if word not in text]
            goes_on = time.monotonic() < until and not self.over
            assert goes_on, f"{self.name} never saw {missing}:\n{text}"
            time.sleep(0.15)
            text = self.text
        return text

    def ends(self, within: float = 20.0) -> None:
        """Waits until what runs in it has ended."""
        until = time.monotonic() + within
        while not self.over:
            assert time.monotonic() < until, f"{self.name} goes on:\n{self.text}"
            time.sleep(0.1)


class Tmux:
    """One tmux server."""

    def __init__(self, socket: str, environment: Mapping[str, str]) -> None:
        self._socket = socket
        self._environment = {**environment}
        self._begun = False

    def say(self, *words: str) -> str:
        """Runs a command of tmux and returns what it prints."""
        said = subprocess.run(
            ["tmux", "-L", self._socket, "-f", "/dev/null", *words],
            capture_output=True,
            env=self._environment,
            check=False,
            timeout=20,
        )
        assert said.returncode == 0, f"tmux {words}: {said.stderr.decode()}"
        return said.stdout.decode(errors="replace")

    def open(self, name: str, command: Sequence[str], size: tuple[int, int] = (120, 40)) -> Window:
        """Starts a command in a terminal of its own."""
        at = ("-d", "-s", name, "-x", str(size[0]), "-y", str(size[1]))
        self.say(*self._first(), "new-session", *at, shlex.join(command))
        return Window(self, name)

    @contextmanager
    def attached(self, window: Window, size: tuple[int, int]) -> Iterator[Terminal]:
        """Shows a window in a terminal of that size, and leaves it running."""
        command = ["tmux", "-L", self._socket, "attach-session", "-t", window.name]
        with terminal(command, size, {"LANG": "C.UTF-8"}) as shown:
            yield shown
            self.say("detach-client", "-s", window.name)
            assert shown.ended(20) == 0, shown.text

    def _first(self) -> list[str]:
        """What is set must stand before the first command can end."""
        if self._begun:
            return []
        self._begun = True
        return ["start-server", ";", *(word for line in _SET for word in (*line.split(), ";"))]

    def running(self) -> bool:
        """Whether the server is there."""
        asked = ["tmux", "-L", self._socket, "list-sessions"]
        return subprocess.run(asked, capture_output=True, check=False, timeout=20).returncode == 0


@contextmanager
def tmux(environment: Mapping[str, str] | None = None) -> Iterator[Tmux]:
    """Gives a server of one's own, and ends it with all that runs in its terminals."""
    own = Tmux(f"test-{uuid.uuid4().hex[:12]}", {**os.environ, "LANG": "C.UTF-8", **(environment or {})})
    try:
        yield own
    finally:
        if own.running():
            own.say("kill-server")
