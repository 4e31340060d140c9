"""Carrying out what was typed or found: a screen, an action of this one, a theme, an object by its name."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.console.layers.going import Going
from drconsole.console.ways import remembered
from drconsole.errors import DRConsoleError

if TYPE_CHECKING:  # the first frame waits for none of it
    from drconsole.console.known.objects import Found, Index
    from drconsole.console.ways.commands import Command

_SHOWN_ON = {"guests": ("guest",), "map": ("host", "physical")}


class Commanding(Going):
    """The part of the application that understands commands."""

    _snapshots: tuple[SnapshotEntry, ...] = ()
    _typed: list[str] = []

    def index(self) -> Index:
        """Returns every name as it is known now."""
        from drconsole.console.known.objects import Index, gather

        return Index(gather(self.store, self._snapshots))

    async def index_apart(self) -> Index:
        """Returns it too, made in a thread: fifty thousand names take a moment."""
        from drconsole.console.known.objects import Index, gather

        await self._ask_for_snapshots()
        return await asyncio.to_thread(Index, gather(self.store, self._snapshots))

    async def _ask_for_snapshots(self) -> None:
        if self.client is not None:
            with contextlib.suppress(DRConsoleError):  # then older ones are known, or none
                self._snapshots = await self.client.ask(requests.ListSnapshots())

    def earlier(self) -> list[str]:
        """Returns the commands that were typed, oldest first."""
        return self._typed

    async def recall(self) -> None:
        """Reads the commands of earlier sessions."""
        before = await asyncio.to_thread(remembered.typed)
        self._typed = [*before, *self._typed]

    def command(self, text: str) -> None:
        """Carries a typed line out, and keeps it."""
        from drconsole.console.ways.commands import understand

        line = text.strip().removeprefix(":").strip()
        if not line:
            return
        self._typed = [*(each for each in self.earlier() if each != line), line][-remembered.HISTORY :]
        self.in_background("keeping the command", lambda: remembered.keep_typed(line))
        here = self.view()
        if here is not None:
            self.carry_out(understand(line, here.id_word))

    def carry_out(self, command: Command) -> None:
        """Does what a command means."""
        here = self.view()
        if here is None:
            return
        if command.wrong:
            self.say(command.wrong, "warn")
        elif command.kind == "screen":
            self.go(command.name)
        elif command.kind == "action":
            here.action_perform(command.name)
        elif command.kind == "theme":
            self._theme_called(command.argument)
        else:
            self._object_called(command.kind, command.argument, here.id_word)

    def _theme_called(self, name: str) -> None:
        if self.colourless:
            self.next_theme()
        elif name in self.themes:
            self.choose_theme(name)
        else:
            self.say(f"no theme is called {name}; there are {', '.join(sorted(self.themes))}", "warn")

    def _object_called(self, kind: str, name: str, screen: str) -> None:
        index = self.index()
        found = index.called(name, kind)
        if not found and kind:
            found = [each for each in index.search(name) if each.kind == kind]
            begun = [each for each in found if each.key.removeprefix("sha256:").startswith(name)]
            found = begun or [each for each in found if name.lower() in each.name.lower()] or found
        if len(found) == 1:
            self.go_to_object(found[0])
        elif found:
            self.find(f"{name} {kind}".strip())
        else:
            from drconsole.console.ways.commands import unknown

            self.say(unknown(f"{kind} {name}".strip() if kind else name, screen), "warn")

    def go_to_object(self, found: Found) -> None:
        """Goes to where an object is shown; a run is looked at, a site is worked on."""
        if found.site in self.store.sites and found.kind != "run":
            self.store.site = found.site
        if found.kind == "run":
            self.follow(found.key)
            self.go("run")
        elif found.kind in ("target", "snapshot"):
            self.go_to(f"{found.kind}s", found.kind, found.key)
        elif not self._is_here(found):
            self.go_to("sites", found.kind, f"{found.site}/{found.key}")

    def _is_here(self, found: Found) -> bool:
        """A guest is shown on VMs and a host on Map, where one stands there and the screen has it."""
        here = self.view()
        if here is None or found.kind not in _SHOWN_ON.get(here.id_word, ()):
            return False
        self.visits.leave(here.visit())
        here.update()
        if not any(here.reveal(found.kind, key) for key in (found.key, f"{found.kind}/{found.key}")):
            return False
        self.visits.arrive(here.id_word, anew=True)
        return True

    # -- the palette ------------------------------------------------------------------------------

    def find(self, text: str = "") -> None:
        """Opens the palette."""
        from drconsole.console.screens.palette import Choice, Palette
        from drconsole.console.ways.commands import listed

        here = self.view()
        if here is None:
            return
        rows = listed(here.id_word, self.keymap, read_only=bool(self.read_only))
        palette = Palette(rows, self.index() if text else None, text)

        def chosen(choice: Choice | None) -> None:
            if choice is not None and choice.command is not None:
                self.carry_out(choice.command)
            elif choice is not None and choice.found is not None:
                self.go_to_object(choice.found)

        async def names() -> None:
            palette.take(await self.index_apart())

        self.push_screen(palette, chosen)
        self.do_work("reading names", names, quiet=True)

    @property
    def read_only(self) -> str:
        """Why nothing can be changed from here; "" where it can. The service refuses it, too."""
        return "an observer changes nothing" if self.observe else ""
