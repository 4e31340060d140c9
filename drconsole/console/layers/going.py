"""Going from screen to screen: by key, by command, to an object by its name, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drconsole.console.layers.looking import Looking

if TYPE_CHECKING:
    from drconsole.console.screens.view import View


class Going(Looking):
    """The part of the application that finds the way."""

    def view(self) -> View | None:
        """Returns the screen that is shown, or lies under a dialog."""
        from drconsole.console.screens.view import View

        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, View)), None)

    def go(self, screen: str) -> None:
        """Goes to a screen."""
        here = self.view()
        if here is None or here.id_word != screen:
            if here is not None:
                self.visits.leave(here.visit())
            self.switch_screen(screen)

    def go_last(self) -> None:
        """Goes to the screen before this one."""
        if self.visits.last:
            self.go(self.visits.last)
        else:
            self.say("there was no other screen yet", "dim")

    def go_step(self, by: int) -> None:
        """Goes back (-1) or forward (1) on the way that one came; the screen looks as it did."""
        here = self.view()
        if here is not None:
            self.visits.leave(here.visit())
        visit = self.visits.step(by)
        if visit is None:
            self.say("the way begins here" if by < 0 else "the way ends here", "dim")
            return
        self.go(visit.screen)
        self.call_after_refresh(self._restore, visit.screen)

    def _restore(self, screen: str) -> None:
        here, visit = self.view(), self.visits.here
        if here is not None and visit is not None and here.id_word == screen == visit.screen:
            here.restore(visit)

    def go_to(self, screen: str, kind: str, key: str) -> None:
        """Goes to an object: to its screen, and there to its row as soon as it is shown."""
        here = self.view()
        if here is not None:
            self.visits.leave(here.visit())
            if here.id_word == screen:
                self.visits.arrive(screen, anew=True)
        self.go(screen)
        self.call_after_refresh(self._seek, kind, key)

    def _seek(self, kind: str, key: str) -> None:
        here = self.view()
        if here is not None:
            here.seek(kind, key)
