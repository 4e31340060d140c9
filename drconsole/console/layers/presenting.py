"""Walkthroughs: one console presents a run, others go along with it."""

from __future__ import annotations

from textual.worker import Worker

from drconsole.api import requests
from drconsole.api.presenting import Presented
from drconsole.console.hearing import run_feeds
from drconsole.console.hearing.messages import Arrived
from drconsole.console.layers.commanding import Commanding

_POSE = ":"
"""Between a screen's name and how it looks, in what a presenter says: `run:timeline`."""


class Presenting(Commanding):
    """The part of the application that presents, or goes along. An observer goes along at first."""

    goes_along = True

    def __init__(self, config: str | None) -> None:
        super().__init__(config)
        self._presents: Worker[None] | None = None
        self._went: tuple[str, str] = ("", "")

    def turn_presenting(self) -> None:
        """Presents the run that is looked at, or ends that; an observer goes along, or their own way."""
        if self.observe:
            self.goes_along = not self.goes_along
            self._went = ("", "")
            self.say("going along with the presenter" if self.goes_along else "looking around: W goes along")
            self.hang_badge()
            self.go_along()
        elif self.store.presenting:
            self._end_presenting()
        else:
            self._present()

    def _present(self) -> None:
        following, client = self.store.following, self.client
        if following is None or client is None or self.read_only:
            self.say(self.read_only or "there is no run to present", "warn")
            return
        self.store.presenting = following.run
        feed = run_feeds.present(client, following.run, self._where, self.post_message)
        self._presents = self.work(feed, "present")
        self.hang_badge()
        self.say(f"presenting {following.run}: observers see what you see; W ends it")

    def _end_presenting(self) -> None:
        run, client = self.store.presenting, self.client
        self.store.presenting = ""
        if self._presents is not None:
            self._presents.cancel()
        if client is not None:

            async def end() -> None:
                await client.ask(requests.Present(run=run, screen=""))

            self.do_work("ending the walkthrough", end, quiet=True)
        self.hang_badge()
        self.say("the walkthrough is over")

    def _where(self) -> tuple[str, str]:
        """What this console shows, also under a dialog."""
        here = self.view()
        if here is None:
            return "run", ""
        pose = here.pose()
        return f"{here.id_word}{_POSE}{pose}" if pose else here.id_word, here.pointed()

    def on_arrived(self, message: Arrived) -> None:
        """Goes along as soon as the presenter has moved."""
        message.prevent_default()  # Textual would call the handler below once more
        super().on_arrived(message)
        self.hang_badge()
        self.go_along()

    def hang_badge(self) -> None:
        """Says in the frame who watches whom: an observer is told so, also where nobody presents."""
        shown, badges = self.presented(), self.store.badges
        by = shown.by if shown is not None else ""
        along = f" with {by}" if by and self.goes_along else ""
        if self.observe:
            badges["walk"] = (f" OBSERVER{along} ", "here")
        elif self.store.presenting:
            badges["walk"] = (" PRESENTING ", "here")
        elif by:
            badges["walk"] = (f" {by} presents ", "here")
        else:
            badges.pop("walk", None)

    def presented(self) -> Presented | None:
        """Returns where the presenter of the run is that is looked at; None where nobody presents it."""
        following = self.store.following
        shown = following.presented if following is not None else None
        return shown if shown is not None and shown.by else None

    def go_along(self) -> None:
        """Shows what the presenter's console shows, once for each of their moves."""
        shown = self.presented()
        if not self.observe or not self.goes_along or shown is None:
            return
        if (shown.screen, shown.cursor) == self._went:
            return
        self._went = (shown.screen, shown.cursor)
        screen, _, pose = shown.screen.partition(_POSE)
        if self.knows(screen):
            self.go(screen)
            self.call_after_refresh(self._point, screen, pose, shown.cursor)

    def _point(self, screen: str, pose: str, cursor: str) -> None:
        here = self.view()
        if here is not None and here.id_word == screen:
            here.take_pose(pose)
            if cursor and not here.point(cursor):
                self._went = ("", "")  # it is not shown yet: the next news tries again

    def knows(self, screen: str) -> bool:
        """Whether there is a screen of that name."""
        from drconsole.console.actions import SCREENS

        return screen in SCREENS
