"""What screens and widgets may ask of the application; `app.ConsoleApp` keeps it.

Screens know this and no more of who shows them: so the application knows its screens, and not the other
way round.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from textual.message import Message
from textual.timer import Timer
from textual.worker import Worker

from drconsole.api.client import Client
from drconsole.api.presenting import Presented
from drconsole.api.requests import Request
from drconsole.api.setting_up import SiteSetup
from drconsole.console.actions import Keymap
from drconsole.console.known.objects import Index
from drconsole.console.known.store import Store
from drconsole.console.replay.player import Player
from drconsole.console.style.look import Look
from drconsole.console.style.themes import ThemeFile
from drconsole.console.wanted import Wanted
from drconsole.console.ways.visits import Visits
from drconsole.errors import DRConsoleError

Reply = TypeVar("Reply")


class Application(Protocol):
    """The application, as screens see it. `read_only` says why nothing can be changed, "" where it can."""

    store: Store
    client: Client | None
    look: Look
    keymap: Keymap
    visits: Visits
    replay: Player | None
    setup: SiteSetup | None
    themes: dict[str, ThemeFile]

    @property
    def read_only(self) -> str: ...

    # -- of Textual's ---------------------------------------------------------------------------------

    def post_message(self, message: Message) -> bool:
        """Hands a message to the application's handlers."""
        ...

    def set_timer(self, delay: float, callback: Callable[[], Any] | None = None) -> Timer:
        """Calls back once, after `delay` seconds."""
        ...

    # -- asking ---------------------------------------------------------------------------------------

    def ask(
        self, doing: str, request: Request[Reply, Any], then: Callable[[Reply], None], *, quiet: bool = False
    ) -> None:
        """Sends a request in a worker; the reply goes to `then` on the loop, trouble to the operator."""
        ...

    def in_thread(self, doing: str, work: Callable[[], Reply], then: Callable[[Reply], None]) -> None:
        """Does what blocks in a thread; what it gives goes to `then` on the loop."""
        ...

    def do_work(self, doing: str, work: Callable[[], Awaitable[None]], *, quiet: bool = False) -> None:
        """Does work in a worker, and shows that it is being done."""
        ...

    def work(self, work: Any, group: str = "work") -> Worker[None]:
        """Starts a worker whose trouble does not end the console."""
        ...

    def say(self, text: str, role: str = "text") -> None:
        """Shows a line for a while."""
        ...

    def fail(self, doing: str, error: DRConsoleError) -> None:
        """Shows an error that a screen met itself."""
        ...

    def join(self) -> None:
        """Connects to the service, again and again until it answers."""
        ...

    def leave_for(self, wanted: Wanted) -> None:
        """Closes the console for what it cannot do itself."""
        ...

    # -- what is looked at ----------------------------------------------------------------------------

    def want_snapshot(self, identity: str) -> None:
        """Fetches a snapshot that is not known yet."""
        ...

    def watch_recovered(self, run: str) -> None:
        """Listens to the inventory of what a run has recovered."""
        ...

    def follow(self, run: str) -> None:
        """Looks at a run from its beginning on."""
        ...

    def attach(self) -> None:
        """Follows the run that is looked at."""
        ...

    def detach(self) -> None:
        """Stops following; the run goes on."""
        ...

    def start_replay(self, run: str, speed: float = ...) -> None:
        """Plays a run that is over."""
        ...

    def show_replay(self) -> None:
        """Draws the replay as it stands."""
        ...

    def end_replay(self, *, anew: bool = True) -> None:
        """Leaves a replay."""
        ...

    def turn_presenting(self) -> None:
        """Presents the run, or ends that; an observer goes along, or their own way."""
        ...

    def presented(self) -> Presented | None:
        """Returns where the presenter of the run is; None where nobody presents it."""
        ...

    # -- going about ----------------------------------------------------------------------------------

    def go(self, screen: str) -> None:
        """Goes to a screen."""
        ...

    def go_last(self) -> None:
        """Goes to the screen before this one."""
        ...

    def go_step(self, by: int) -> None:
        """Goes back (-1) or forward (1) on the way that one came."""
        ...

    def go_to(self, screen: str, kind: str, key: str) -> None:
        """Goes to an object on its screen."""
        ...

    def command(self, text: str) -> None:
        """Carries a typed line out."""
        ...

    def earlier(self) -> list[str]:
        """Returns the commands that were typed, oldest first."""
        ...

    def find(self, text: str = "") -> None:
        """Opens the palette."""
        ...

    async def index_apart(self) -> Index:
        """Returns every name, made in a thread."""
        ...

    # -- how it looks ---------------------------------------------------------------------------------

    def next_theme(self) -> None:
        """Goes on to the next theme."""
        ...

    def turn_local_time(self) -> None:
        """Shows local times, or UTC again."""
        ...

    def turn_mouse(self) -> None:
        """Takes the mouse, or leaves it to the terminal."""
        ...

    def copy(self, text: str) -> None:
        """Copies a text to the terminal's clipboard."""
        ...

    def picture(self) -> None:
        """Keeps what is shown as a picture."""
        ...
