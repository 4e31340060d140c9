"""What Uplinks asks the service: how hosts stand, when there is news; apply, apply all, roll back."""

from __future__ import annotations

import time
from collections.abc import Sequence

from drconsole.api import requests
from drconsole.api.uplinks import HostUplinks
from drconsole.api.values import CommandReply
from drconsole.console.known.following import Following
from drconsole.console.replay.uplinks_then import then
from drconsole.console.screens.dialogs import Ask, Confirm
from drconsole.console.screens.view import View
from drconsole.console.style.look import Line
from drconsole.console.widgets.drawing import prose
from drconsole.console.widgets.table import VirtualTable
from drconsole.model.run import Event

_ANSWER_S = 5.0
"""A question that was not answered for so long is asked again."""

_PACE_S, _SHARE = 1.0, 4.0
"""Hosts are asked about at most so often, while much happens to them: less often where the answer is slow."""

_NAMED = 6
"""So many hosts are named in a question; the others are counted."""


class UplinkVerbs(View):
    """The verbs of the Uplinks screen. They act on the host of the cursor."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.known: dict[str, HostUplinks] = {}
        """The hosts as they are shown: as they are now, or were at a replay's moment."""
        self.told_at = 0.0
        self._told: dict[str, HostUplinks] = {}
        self._took = 0.0
        self._run = ""
        self._seq = -1
        self._asked_at = 0.0

    @property
    def hosts(self) -> VirtualTable:
        """The table of hosts."""
        return self.query_one("#hosts", VirtualTable)

    @property
    def host(self) -> HostUplinks | None:
        """The host under the cursor."""
        return self.known.get(self.hosts.cursor)

    # -- how hosts stand --------------------------------------------------------------------------

    def look(self) -> None:
        """Asks how the run's hosts stand where something has happened to them since; never at each tick."""
        following, now = self.store.following, time.monotonic()
        if following is None:
            self._forget("")
            return
        if following.run != self._run:
            self._forget(following.run)
        self.known = self._told
        if following.moment is not None:
            self.known = {name: then(host, following) for name, host in self._told.items()}
        waited = self._asked_at and now - self._asked_at < _ANSWER_S
        fresh = self._seq >= 0 and now - self.told_at < max(_PACE_S, _SHARE * self._took)
        if waited or fresh or self.console_app.client is None or not self._news(following):
            return
        run, seq, self._asked_at = following.run, following.seq, now
        request = requests.ShowUplinks(run=run)
        self.console_app.ask(
            "reading uplinks", request, lambda found: self._take(run, seq, found), quiet=True
        )

    def _forget(self, run: str) -> None:
        self._told, self.known = {}, {}
        self._took, self.told_at, self._run, self._seq, self._asked_at = 0.0, 0.0, run, -1, 0.0

    def _news(self, following: Following) -> bool:
        """Whether an event about uplinks has come after what was asked last. In a replay nothing does."""
        if self._seq < 0 or following.moment is not None:
            return self._seq < 0
        for event in reversed(following.log):
            if event.seq <= self._seq:
                return False
            if _concerns(event):
                return True
        return bool(following.log)  # the log does not reach back so far: what was let go of may concern us

    def _take(self, run: str, seq: int, found: Sequence[HostUplinks]) -> None:
        if run == self._run:
            now = time.monotonic()
            self._told = {host.host: host for host in found}
            self._took = now - self._asked_at if self._asked_at else 0.0
            self.told_at, self._seq, self._asked_at = now, max(seq, 0), 0.0

    # -- verbs ------------------------------------------------------------------------------------

    def do_apply(self) -> None:
        """Moves the host for good, once that is meant; or tries again what failed of it."""
        host = self.host
        if host is None or host.cannot_apply:
            self.console_app.say(f"not now: {host.cannot_apply}" if host else "no host is shown", "dim")
            return
        moves = host.state == "waiting"
        title, yes = ("Move a host for good", "moves it") if moves else ("Try a host again", "tries again")
        about = f"{host.host} on {host.target}"
        lines = [*self._real(), *prose(about, "title"), *prose(_meant(host), "warn")]
        self.app.push_screen(
            Confirm(title, lines, yes), lambda said: self._apply((host.host,)) if said else None
        )

    def do_apply_all(self) -> None:
        """The same for every host for which it can be done now, once that is meant."""
        able = [host for host in self.known.values() if not host.cannot_apply]
        if not able:
            self.console_app.say("no host waits to be applied", "dim")
            return
        lines = self._real()
        for word, states in (("moves for good", ("waiting",)), ("is tried again", ("failed",))):
            for host in [each for each in able if each.state in states][:_NAMED]:
                port = f" to {host.trial}" if host.trial and word.startswith("moves") else ""
                lines += prose(f"{host.host} on {host.target} {word}{port}")
        if len(able) > _NAMED:
            lines += prose(f"{len(able)} hosts in all", "dim")
        self.app.push_screen(
            Confirm(f"Apply the uplinks of {len(able)} hosts", lines, "applies them"),
            lambda said: self._apply(()) if said else None,
        )

    def do_roll_back(self) -> None:
        """Takes the host's trial back, with a reason; the next port is tried."""
        host = self.host
        if host is None or host.cannot_roll_back:
            self.console_app.say(f"not now: {host.cannot_roll_back}" if host else "no host is shown", "dim")
            return
        run = self._run
        lines = [
            *self._real(),
            *prose(f"{host.host} on {host.target}: {host.trial} is on trial", "title"),
            *prose(f"It is taken back, {host.trial} is not tried again, the next port is. Say why:", "warn"),
        ]

        def why(reason: str | None) -> None:
            if reason:
                request = requests.RollBackUplinks(run=run, host=host.host, reason=reason)
                self.console_app.ask("roll back", request, self._done)

        self.app.push_screen(Ask("Roll a trial back", lines), why)

    def do_review(self) -> None:
        """Has each host ask before it moves for good, or not any more, once that is meant."""
        left = [host for host in self.known.values() if host.state not in ("applied", "moving")]
        if not left:
            self.console_app.say("no host is left that could move", "dim")
            return
        review = not any(host.reviewed for host in left)
        run = self._run
        told = (
            "Each host whose ports are not as captured asks before it moves: a applies, v rolls back."
            if review
            else "Hosts move by themselves once their trial is reached; what asks already goes on asking."
        )
        title, yes = ("Review uplinks", "reviews") if review else ("Review no more", "lets them move")

        def said(meant: bool | None) -> None:
            if meant:
                request = requests.ReviewUplinks(run=run, review=review)
                self.console_app.ask("review", request, self._done)

        self.app.push_screen(Confirm(title, [*self._real(), *prose(told)], yes), said)

    def _apply(self, hosts: tuple[str, ...]) -> None:
        request = requests.ApplyUplinks(run=self._run, hosts=hosts)
        self.console_app.ask("apply", request, self._done)

    def _done(self, reply: CommandReply) -> None:
        """Says what took effect, and looks at once."""
        self.console_app.say(reply.text or f"{len(reply.steps)} steps", "ok")
        self._seq = -1

    def _real(self) -> list[Line]:
        view = self.store.following.view if self.store.following else None
        if view is None or view.mode == "drill":
            return []
        return [[(" !! REAL !! ", "real"), (f" {view.mode} of {view.site}", "warn")]]


def _concerns(event: Event) -> bool:
    """Whether an event may have changed how a host's uplinks stand."""
    return event.kind in ("run", "command") or event.step.startswith("uplinks/")


def _meant(host: HostUplinks) -> str:
    """What an apply of a host would do."""
    if host.state == "waiting":
        return f"{host.trouble} It leaves its provisioning address: that cannot be rolled back."
    if host.spent:
        return f"{host.trouble}. All its ports are tried again, {', '.join(host.refused)} too."
    return f"{host.trouble}. What failed is tried again."
