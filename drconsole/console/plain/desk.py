"""What the plain console works with: the service, the site, the run, and what the operator left out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.requests import Request
from drconsole.api.values import SelectionReply
from drconsole.console.plain import telling
from drconsole.console.plain.hearing import Heard
from drconsole.console.plain.terminal import Lines
from drconsole.errors import DRConsoleError, UnknownName, Unreachable
from drconsole.model.mapping import VmSelection
from drconsole.model.run import RunView

Reply = TypeVar("Reply")
_AGAIN_S = 2.0


class Desk:
    """One operator's session. `out` are the ids of guests that are left out, by hand."""

    def __init__(self, client: Client, lines: Lines) -> None:
        self.client = client
        self.lines = lines
        self.site = ""
        self.run = ""
        self.out: set[str] = set()
        self.selection: SelectionReply | None = None
        self._watching: asyncio.Task[None] | None = None

    async def ask(self, request: Request[Reply, Any]) -> Reply:
        """Sends a request; what the service says meanwhile is said."""
        return await self.client.ask(
            request, lambda item: self.lines.say(item) if isinstance(item, str) else None
        )

    async def worked_on(self) -> str:
        """Returns the site that is worked on: the first one, until another is chosen. Raises UnknownName."""
        if not self.site:
            found = await self.ask(requests.ListSites())
            if not found:
                raise UnknownName("no site is configured", remedy="`drconsole site add` adds one")
            self.site = found[0].name
        return self.site

    async def looked_at(self) -> RunView:
        """Returns the run that is looked at, as it is now: the newest, until another is chosen."""
        view = await self.ask(requests.ShowRun(run=self.run or "latest"))
        self.run = view.run
        return view

    async def choose_guests(self, *, anew: bool = False) -> SelectionReply:
        """Returns the verdicts on the site's guests."""
        if self.selection is None or anew:
            self.selection = await self.ask(requests.Select(site=await self.worked_on()))
        return self.selection

    def wanted(self) -> VmSelection | None:
        """Returns the selection with what was left out, None where nothing was."""
        if self.selection is None or not self.out:
            return None
        flags = self.selection.selection.virtual_machines
        changed = tuple(
            msgspec.structs.replace(flag, deploy=False) if flag.id in self.out else flag for flag in flags
        )
        return msgspec.structs.replace(self.selection.selection, virtual_machines=changed)

    async def chosen(self, words: Sequence[str], names: Sequence[str], what: str) -> str:
        """Returns the name that a number or a name stands for. Raises UnknownName."""
        word = " ".join(words)
        if word.isdigit() and 0 < int(word) <= len(names):
            return names[int(word) - 1]
        near = [name for name in names if name.lower().startswith(word.lower())]
        if word in names or len(near) == 1:
            return word if word in names else near[0]
        raise UnknownName(f"no {what} is called so" if not near else f"several {what}s begin so", about=word)

    # -- following ------------------------------------------------------------------------------------

    def watch(self, run: str, *, since: str = "", whole: bool = False) -> None:
        """Says what happens in a run until it rests, with `whole` every step of it.

        What was until `since` (UTC) is passed over.
        """
        self.stop()
        self.run = run
        self._watching = asyncio.create_task(self._follow(run, Heard(self.lines, since=since, whole=whole)))

    def stop(self) -> bool:
        """Says no more of it; the run goes on. Returns whether something was followed."""
        watching, self._watching = self._watching, None
        if watching is None or watching.done():
            return False
        watching.cancel()
        return True

    async def _follow(self, run: str, heard: Heard) -> None:
        explaining = asyncio.create_task(self._explain(run, heard))
        try:
            await self._hear(run, heard)
        finally:
            explaining.cancel()

    async def _explain(self, run: str, heard: Heard) -> None:
        """Says in sentences what a stage does, as it begins; each sentence once."""
        said: set[str] = set()
        while True:
            await heard.moved.wait()
            heard.moved.clear()
            with contextlib.suppress(DRConsoleError):  # who follows the run says that the service is lost
                sentences = telling.walk(await self.client.ask(requests.ShowRun(run=run)))
                self.lines.say(*(sentence for sentence in sentences if sentence not in said))
                said.update(sentences)

    async def _hear(self, run: str, heard: Heard) -> None:
        lost = False
        while True:
            try:
                view = await self.client.ask(requests.Attach(run=run, after=heard.seq), heard.take)
            except Unreachable as error:
                if not lost:
                    self.lines.say(f"the service is lost, trying again: {error}")
                lost = True
                await asyncio.sleep(_AGAIN_S)
            except DRConsoleError as error:
                self.lines.say(str(error))
                return
            else:
                self.lines.say(*telling.run(view)[:1], *telling.walk(view), *telling.waits(view))
                self.lines.say("it rests; `run` tells all of it")
                return
