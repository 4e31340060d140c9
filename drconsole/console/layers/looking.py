"""How the console looks and listens to its operator: theme, keys, times, mouse, clipboard, pictures."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

from drconsole.console.actions import ACTIONS, Keymap
from drconsole.console.hearing.messages import Reread, Told
from drconsole.console.layers.listening import Listening
from drconsole.console.style import themes
from drconsole.console.style.look import Look, wants_ascii
from drconsole.console.ways import remembered
from drconsole.console.ways.visits import Visits
from drconsole.console.widgets.painted import Drawn
from drconsole.console.words import phrases

REREAD_S = 2.0
_MOUSE_ON, _MOUSE_OFF = "\x1b[?1000h\x1b[?1006h", "\x1b[?1006l\x1b[?1000l"
"""Presses and the wheel only: every motion would be sent over the line, for nothing."""


class Looking(Listening):
    """The part of the application that an operator sets up: it reads and keeps what they chose."""

    def __init__(self, config: str | None) -> None:
        self.colourless = "NO_COLOR" in os.environ
        # NO_COLOR alone still lets greys through: they vanish only with the terminal's own colours.
        super().__init__(config, ansi_color=True if self.colourless else None)
        phrases.show_local(False)
        self.visits = Visits()
        self.keymap = Keymap(ACTIONS)
        self.ascii_only = wants_ascii()
        self.mouse = False
        self.themes, _ = themes.load_all()  # what is wrong with others is said when they are read again
        self._chosen = self._first_theme()
        self._missed: set[str] = set()
        self.shown_theme = ""
        self.look = Look({}, ascii_only=self.ascii_only)
        self._use_theme(self._chosen)
        self.stylesheet.set_variables(self.get_css_variables())  # read once, with these

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The variables of our style sheet, until a theme of ours gives them."""
        return dict.fromkeys(("pane-border", "pane-focus", "pane", "real-border"), "ansi_default")

    def say(self, text: str, role: str = "text") -> None:
        """Shows a line for a while."""
        self.store.say(text, role, time.monotonic())
        self.update()

    def restyle(self) -> None:
        """Paints everything that is shown again."""
        for screen in self.screen_stack:
            for widget in screen.query(Drawn):
                widget.restyle()

    # -- themes -----------------------------------------------------------------------------------

    def _first_theme(self) -> str:
        if self.colourless:
            return themes.COLOURLESS
        asked = os.environ.get("DRCONSOLE_THEME") or remembered.recall().theme or themes.DEFAULT
        return asked if asked in self.themes else themes.DEFAULT

    def _use_theme(self, name: str) -> None:
        theme = self.themes[name]
        self.shown_theme = name
        self.look = Look(theme.styles(), ascii_only=self.ascii_only)
        before = self.theme
        # One that was changed on disk needs a name that is not the one in use: Textual looks at no other.
        shown = theme.textual(f"{name} again" if before == name else name)
        self.register_theme(shown)
        self.theme = shown.name

    def dress(self) -> None:
        """Uses the theme that belongs here: that of the site that is worked on, else the chosen one.

        In a real run every pane has a border of its own besides, in every theme.
        """
        site = self.store.sites.get(self.store.site)
        asked = site.theme if site is not None else ""
        wanted = asked if asked in self.themes else self._chosen
        if asked and wanted != asked and asked not in self._missed:
            self._missed.add(asked)
            there = ", ".join(sorted(self.themes))
            self.store.say(
                f"site {self.store.site} asks for theme {asked}; there are {there}", "warn", time.monotonic()
            )
        if self.colourless:
            wanted = themes.COLOURLESS
        self.set_class(self.store.mode() == "real", "real")
        if wanted != self.shown_theme:
            self._use_theme(wanted)
            self.restyle()

    def choose_theme(self, name: str) -> None:
        """Uses a theme, and keeps the choice."""
        self._chosen = name
        self.dress()
        self.in_background(
            "keeping the theme", lambda: remembered.remember(remembered.Remembered(theme=name))
        )
        if self.shown_theme == name:
            self.say(f"theme {name}")
        else:
            why = "NO_COLOR" if self.colourless else f"site {self.store.site}"
            self.say(f"theme {self.shown_theme}: {why} asks for it; {name} is used elsewhere", "warn")

    def next_theme(self) -> None:
        """Goes on to the next theme; without colour there is only one."""
        if self.colourless:
            self.say(f"theme {self.shown_theme}: NO_COLOR leaves no other")
            return
        names = sorted(self.themes)
        self.choose_theme(names[(names.index(self._chosen) + 1) % len(names)])

    # -- files that are read again when they change --------------------------------------------------

    async def reread(self) -> None:
        """Looks at the user's themes and keys each two seconds; reads them when they have changed."""
        from drconsole.console.ways import rereading

        known: rereading.Signature = ()
        for pause in chain((0.0,), repeat(REREAD_S)):
            await asyncio.sleep(pause)
            found = await asyncio.to_thread(rereading.look, known)
            if found is not None:
                known = found.signature
                if found.themes == self.themes and not found.wrong and not found.keymap.differs(self.keymap):
                    continue  # as after the start: nothing is painted again
                self.post_message(Reread(found.themes, found.keymap, found.wrong))

    def on_reread(self, message: Reread) -> None:
        """Takes the user's themes and keys, and says what is wrong with them."""
        from drconsole.console.screens.shown import Shown

        self.themes, self.keymap = message.themes, message.keymap
        for screen in self.screen_stack:
            if isinstance(screen, Shown):
                screen.rekey()
        if self._chosen not in self.themes:
            self._chosen = themes.DEFAULT
        self._use_theme(self.shown_theme if self.shown_theme in self.themes else self._chosen)
        self.restyle()
        self.update()
        if message.wrong:
            more = f" (and {len(message.wrong) - 1} more)" if len(message.wrong) > 1 else ""
            self.say(f"{message.wrong[0]}{more}", "bad")

    # -- times, mouse, clipboard, pictures -------------------------------------------------------------

    def turn_local_time(self) -> None:
        """Shows local times, or UTC again."""
        phrases.show_local(not phrases.is_local())
        self.restyle()
        self.say("local times, which end with L" if phrases.is_local() else "times are UTC, with Z")

    def turn_mouse(self) -> None:
        """Listens to the mouse, or not any more: then the terminal selects text with it, as ever."""
        self.mouse = not self.mouse
        self.send(_MOUSE_ON if self.mouse else _MOUSE_OFF)
        self.say(
            "the mouse works here; M gives it back" if self.mouse else "the mouse is your terminal's again"
        )

    def copy(self, text: str) -> None:
        """Copies text to the clipboard of the operator's terminal."""
        from drconsole.console.terminal import clipboard

        if not text:
            self.say("there is nothing to copy", "dim")
            return
        try:
            self.send(clipboard.sequence(text))
        except ValueError as refused:
            self.say(f"not copied: {refused}", "warn")
            return
        self.say(f"copied: {text}" if len(text) < 200 else f"copied {len(text)} characters")

    def send(self, sequence: str) -> None:
        """Sends a sequence to the terminal as it is."""
        if self._driver is not None:
            self._driver.write(sequence)

    def picture(self) -> None:
        """Keeps what is shown as a picture, and says where."""
        picture, name = self.export_screenshot(), time.strftime("drconsole-%Y%m%d-%H%M%SZ.svg", time.gmtime())

        def keep() -> None:
            path = (Path.cwd() if os.access(Path.cwd(), os.W_OK) else Path.home()) / name
            path.write_text(picture, encoding="utf-8")
            self.post_message(Told(f"kept as {path}", "ok"))

        self.in_background("keeping a picture", keep)

    def in_background(self, doing: str, work: Callable[[], None]) -> None:
        """Does what blocks, in a thread; nobody waits for it, and what goes wrong is a line."""

        async def carried() -> None:
            try:
                await asyncio.to_thread(work)
            except OSError as error:
                self.post_message(Told(f"{doing}: {error}", "warn"))

        self.work(carried())
