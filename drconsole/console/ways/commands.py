"""What is typed after `:`: screens, the actions of the screen, objects by name; with completion."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import msgspec

from drconsole.console.actions import ACTIONS, SCREENS, Action, Keymap
from drconsole.console.actions.action import key_word
from drconsole.console.known.objects import KINDS, Index

_ALIASES = {
    "guests": ("vms", "vm"),
    "sites": ("home",),
    "map": ("mapping",),
    "run": ("r",),
    "uplinks": ("nics",),
    "snapshots": ("snaps",),
}
_SHORT = {"quit": ("q", "quit", "exit", "leave"), "help": ("h", "help"), "local_time": ("local", "utc")}
THEME = "theme"


class Command(msgspec.Struct, frozen=True):
    """What was meant. `kind` is `screen`, `action`, `theme`, or one of objects.KINDS with its `argument`.

    `kind` "" is an object by its bare name; `wrong` says what is wrong with what was typed.
    """

    kind: str
    name: str = ""
    argument: str = ""
    wrong: str = ""


def words_of(action: Action) -> tuple[str, ...]:
    """Returns the words that stand for an action: its name, its label, its short ones."""
    label = action.label.rstrip("…").strip().lower().replace(" ", "-")
    found = (action.name.replace("_", "-"), label, *_SHORT.get(action.name, ()))
    return tuple(dict.fromkeys(word for word in found if word))


def _screens() -> dict[str, str]:
    names = {name: name for name in SCREENS} | {word.lower(): name for name, word in SCREENS.items()}
    return names | {alias: name for name, aliases in _ALIASES.items() for alias in aliases}


def _actions(screen: str) -> dict[str, str]:
    """Words of a screen's own actions, then of all screens'."""
    found: dict[str, str] = {}
    for action in Keymap(ACTIONS).actions_of(screen):
        for word in words_of(action):
            found.setdefault(word, action.name)
    return found


def understand(text: str, screen: str) -> Command:
    """Returns what a line means on a screen. A word may be cut as long as it stays clear."""
    head, _, rest = text.strip().removeprefix(":").strip().partition(" ")
    word, rest = head.lower(), rest.strip()
    if not word:
        return Command("", wrong="type a screen, an action or an object's name; tab completes")
    if found := _meant(word, rest, screen):
        return found
    known = [kind for kind in KINDS if kind.startswith(word)] if rest else _known(word, screen)
    if len(known) == 1 and (found := _meant(known[0], rest, screen)):
        return found
    return Command("", argument=text.strip().removeprefix(":").strip())


def _meant(word: str, rest: str, screen: str) -> Command | None:
    if rest:
        if word in KINDS:
            return Command(word, argument=rest)
        return Command(THEME, argument=rest) if word == THEME else None
    if word in _screens():
        return Command("screen", _screens()[word])
    if word in (actions := _actions(screen)):
        return Command("action", actions[word])
    if word in KINDS:
        return Command(word, wrong=f"which {word}? `:{word} NAME`; tab completes")
    return None


def _known(word: str, screen: str) -> list[str]:
    """The one thing that a cut word can mean, by any of its words; several where it is not clear."""
    meanings: dict[tuple[str, str], str] = {}
    for full, name in _screens().items():
        if full.startswith(word):
            meanings.setdefault(("screen", name), full)
    for full, name in _actions(screen).items():
        if full.startswith(word):
            meanings.setdefault(("action", name), full)
    return list(meanings.values())


def unknown(name: str, screen: str) -> str:
    """Returns what to say where a line is neither a command nor an object's name."""
    word = name.split(" ", maxsplit=1)[0].lower()
    for other, shown in SCREENS.items():
        action = next((a for a in Keymap(ACTIONS).actions_of(other) if word in words_of(a)), None)
        if action is not None:
            return (
                f"{word} is on {shown}: go there with {list(SCREENS).index(other) + 1}, then {action.shown}"
            )
    near = difflib.get_close_matches(word, [*_screens(), *_actions(screen), *KINDS], 1, 0.6)
    hint = f"; did you mean {near[0]}?" if near else "; ctrl+p finds anything"
    return f"nothing is called {name}{hint}"


def completions(text: str, screen: str, index: Index | None, themes: Iterable[str] = ()) -> Sequence[str]:
    """Returns the lines that this one may become, the likeliest first."""
    text = text.lstrip(": ")
    head, blank, rest = text.partition(" ")
    word = head.lower()
    if blank:
        if word == THEME:
            return [f"{THEME} {name}" for name in sorted(themes) if name.startswith(rest.lower())]
        if word in KINDS and index is not None:
            return [f"{word} {name}" for name in index.beginning(rest.strip(), word)]
        return ()
    found = [each for each in (*_screens(), *_actions(screen), *KINDS) if each.startswith(word)]
    if not found and index is not None:
        return [each.name for each in index.search(text, 20)]
    return list(dict.fromkeys(found))


def listed(screen: str, keymap: Keymap, *, read_only: bool = False) -> list[tuple[str, str, str, Command]]:
    """Returns all commands of a screen: its word, its key, what it does, what it means; the likely first."""
    rows = []
    for action in keymap.actions_of(screen):
        if action.name in ("command", "palette", "up") or (action.changes and read_only):
            continue
        key = key_word(keymap.keys(screen, action)[0])
        rows.append((words_of(action)[0], key, action.help, Command("action", action.name)))
    for number, (name, word) in enumerate(SCREENS.items(), 1):
        rows.append((word.lower(), str(number), f"go to {word}", Command("screen", name)))
    return rows
