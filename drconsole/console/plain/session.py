"""The plain console's session: greets, reads commands, carries each out, says what went wrong with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from drconsole.api.client import Client
from drconsole.console.plain import looking, verbs
from drconsole.console.plain.desk import Desk
from drconsole.console.plain.looking import Words
from drconsole.console.plain.terminal import Lines
from drconsole.console.words import phrases
from drconsole.errors import DRConsoleError, UsageError

Verb = Callable[[Desk, Words], Awaitable[None]]

COMMANDS: dict[str, Verb] = {
    "sites": looking.sites,
    "capture": verbs.capture,
    "targets": looking.targets,
    "check": looking.check,
    "map": looking.mapping,
    "vms": looking.guests,
    "leave": verbs.leave,
    "take": verbs.take,
    "plan": looking.plan,
    "recover": verbs.recover,
    "runs": looking.runs,
    "run": looking.run,
    "watch": looking.watch,
    "stop": looking.stop,
    "waiting": looking.waiting,
    "step": looking.step,
    "approve": verbs.approve,
    "retry": verbs.retry,
    "skip": verbs.skip,
    "replace": verbs.replace,
    "pause": verbs.pause,
    "resume": verbs.resume,
    "cancel": verbs.cancel,
    "cleanup": verbs.cleanup,
    "uplinks": looking.uplinks,
    "snapshots": looking.snapshots,
    "search": looking.search,
    "reports": looking.reports,
    "local": looking.local,
}
_CHANGES = frozenset(
    (
        "capture",
        "check",
        "recover",
        "approve",
        "retry",
        "skip",
        "replace",
        "pause",
        "resume",
        "cancel",
        "cleanup",
    )
)
_MENU = (
    "sites",
    "targets",
    "map",
    "vms",
    "recover",
    "run",
    "uplinks",
    "snapshots",
    "reports",
    "help",
    "quit",
)
"""What a number stands for where no other list has been told: the screens, as the large console has them."""


def run_plain(config: str | None, *, observe: bool = False) -> None:
    """Talks with the operator in lines until they leave. Runs go on without it."""
    phrases.show_local(False)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_session(config, observe=observe))


async def _session(config: str | None, *, observe: bool) -> None:
    lines = Lines()
    lines.start()
    lines.say("DRConsole, plain lines. Times are UTC.")
    async with await Client.connect(config, name="console", observe=observe) as client:
        desk = Desk(client, lines)
        await carry_out(desk, "sites")
        lines.say(*(["You only look: whatever changes something is refused."] if client.observe else []))
        lines.say(*menu(), "Type a number or a word; `help` lists all, `quit` leaves.")
        while (typed := await lines.ask()) is not None:
            if typed.lower() in ("quit", "q", "exit", str(_MENU.index("quit") + 1)):
                break
            await carry_out(desk, typed)
        desk.stop()
    lines.say("Left; whatever runs goes on.")


def menu() -> list[str]:
    """Returns the numbered menu."""
    return [f"{number}. {word}" for number, word in enumerate(_MENU, 1)]


async def carry_out(desk: Desk, typed: str) -> None:
    """Does what a line says, and says what went wrong with it. A word may be cut as long as it is clear."""
    words = typed.split()
    if not words:
        return
    word = words[0].lower()
    if word.isdigit() and 0 < int(word) <= len(_MENU):
        word = _MENU[int(word) - 1]
    if word in ("help", "h", "?"):
        desk.lines.say(*help_lines(words[1:]))
        return
    near = [name for name in COMMANDS if name.startswith(word)]
    name = word if word in COMMANDS else near[0] if len(near) == 1 else ""
    if not name:
        hint = f"did you mean {' or '.join(near)}?" if near else "`help` lists all commands"
        desk.lines.say(f"no command is called {word}; {hint}")
        return
    if desk.client.observe and name in _CHANGES:
        desk.lines.say("an observer changes nothing")
        return
    try:
        await COMMANDS[name](desk, words[1:])
    except UsageError as error:
        desk.lines.say(error.message)
    except DRConsoleError as error:
        about = f"{error.about}: " if error.about else ""
        desk.lines.say(f"{name}: not done. {about}{error.message}")
        if error.remedy:
            desk.lines.say(f"what to do: {error.remedy}")


def help_lines(words: Words) -> list[str]:
    """Returns what the commands do, all or those that begin so."""
    begin = words[0].lower() if words else ""
    lines = [f"{name}: {_told(verb)}" for name, verb in COMMANDS.items() if name.startswith(begin)]
    return [*lines, *([] if begin else ["help WORD: only what begins so", "quit: leave; a run goes on"])]


def _told(verb: Verb) -> str:
    text = verb.__doc__ or ""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
