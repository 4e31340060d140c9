"""The lines above and below every screen, as spans: screens and mode, where I am, what is live, the keys."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

from drconsole.console.actions import SCREENS, TITLES
from drconsole.console.known.store import Store
from drconsole.console.style.look import Line, Look, Span
from drconsole.console.widgets.drawing import fitted, length_of
from drconsole.console.words import phrases

SEPARATOR: Span = (" │ ", "dim")
_ACCOUNT = " op:"
_NAMED = 100
"""Columns from which the product's name has room beside eight screens and the mode."""


def head(screen: str, width: int, badges: Sequence[Span], look: Look) -> tuple[Line, list[Span]]:
    """Returns the first line, and the badges that had no room in it. A mode always has it."""
    if screen not in SCREENS:
        left: Line = [(" drconsole ", "title"), (f"[{TITLES[screen]}]", "here")]
    else:
        left = _tabs(screen) if width < _NAMED else _tabs_apart(screen)
    right, rest = list(badges), list[Span]()
    room = width - length_of(left, look)
    while right and length_of(right, look) > room:
        rest.insert(0, right.pop())
    gap = room - length_of(right, look)
    return [*left, (" " * max(0, gap), "text"), *right], rest


def _tabs(screen: str) -> list[Span]:
    """Eight screens in 69 cells: what is left at 80 columns holds the mode, `!! REAL !!` too."""
    spans: list[Span] = []
    before = False
    for number, (name, word) in enumerate(SCREENS.items(), 1):
        here = name == screen
        spans.append(
            (f"[{number} {word}]", "here") if here else (f"{'' if before else ' '}{number} {word}", "tab")
        )
        before = here
    return spans if before else [*spans, (" ", "tab")]


def _tabs_apart(screen: str) -> list[Span]:
    spans: list[Span] = [(" drconsole ", "title")]
    for number, (name, word) in enumerate(SCREENS.items(), 1):
        here = name == screen
        spans.append((f"[{number} {word}]" if here else f" {number} {word} ", "here" if here else "tab"))
    return spans


def tab_at(x: int, screen: str, width: int) -> str:
    """Returns the screen whose word stands at a column of the first line, "" for none."""
    spans = _tabs(screen) if width < _NAMED else _tabs_apart(screen)[1:]
    at = 0 if width < _NAMED else len(" drconsole ")
    for name, (text, _) in zip(SCREENS, spans, strict=False):
        at += len(text)
        if x < at:
            return name if x >= at - len(text) else ""
    return ""


def badges(store: Store, *, narrow: bool) -> list[Span]:
    """Returns the mode, what others hang there (`store.badges`), SINGLE USER and who sits here."""
    mode, status = store.mode(), store.status
    found: list[Span] = []
    if mode == "drill":
        found.append((" DRILL ", "drill"))
    elif mode:
        found.append(("!! REAL !! " if narrow else " !! REAL !! ", "real"))
    found += store.badges.values()
    if status is not None and status.single_user:
        found.append((" SINGLE USER", "dim"))
    return [*found, (f"{_ACCOUNT}{operator()} ", "dim")]


def crumb(words: Sequence[str], filtered: str, right: Sequence[Span], width: int, look: Look) -> Line:
    """Returns where I am, and at the right the badges that had no room above.

    Where room is short the account goes first, then the middle of the way: its two ends are read.
    """
    right = list(right)
    tail: list[Span] = [(f"  filter: {filtered}", "changed")] if filtered else []
    way = list(words)
    if right and right[-1][0].startswith(_ACCOUNT) and length_of([_way(way), *tail, *right], look) > width:
        right.pop()
    while len(way) > 3 and length_of([_way(way), *tail, *right], look) > width:
        way = [*way[:1], "…", *(way[3:] if way[1] == "…" else way[2:])]
    left: list[Span] = [_way(way), *tail]
    room = width - length_of(right, look)
    if length_of(left, look) > room:
        text, role = left[0]
        left[0] = (fitted(text, max(1, room - length_of(tail, look)), look), role)
    return [*left, (" " * max(0, room - length_of(left, look)), "text"), *right]


def _way(words: Sequence[str]) -> Span:
    return f" {' › '.join(words)}", "title"


def keys(entries: Iterable[tuple[str, str]], width: int, look: Look) -> Line:
    """Returns the keys that fit whole; the first ones of the table are the most wanted."""
    line: list[Span] = []
    used = 0
    for key, label in entries:
        entry: list[Span] = [("  " if line else " ", "text"), (key, "key"), (f" {label}", "text")]
        length = length_of(entry, look)
        if used + length <= width:
            used += length
            line += entry
    return line


def standing(store: Store, live: Sequence[Span], width: int, look: Look) -> Line:
    """Returns the line of what is live, or what goes before it: trouble, news, what is being done."""
    text, role, until = store.note
    if store.lost:
        age = f" {phrases.age(time.monotonic() - store.heard)}" if store.heard else ""
        return [(f" service lost, all is STALE{age}, trying again: ", "bad"), (store.lost, "warn")]
    if text and time.monotonic() < until:
        doing = " ".join(f"{word} …" for word in store.doing.values())
        return [(f" {doing} │" if doing else " ", "work"), (f" {text}", role)]
    if store.doing:
        return [(f" {word} … ", "work") for word in store.doing.values()]
    if store.status is None and not store.alone:
        return [(" connecting to the service …", "work")]
    return [(" ", "text"), *_whole(list(live), width - 1, look)]


def _whole(spans: list[Span], width: int, look: Look) -> list[Span]:
    """Drops the last parts of a line until it fits: a state is never cut in its middle."""
    while length_of(spans, look) > width and SEPARATOR in spans:
        del spans[len(spans) - 1 - spans[::-1].index(SEPARATOR) :]
    return spans


@lru_cache(maxsize=1)
def operator() -> str:
    """Returns the account that sits here; by its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def site_state(store: Store) -> list[Span]:
    """Returns what is live, a part a site: how old it is, its snapshot, the run."""
    now, spans = time.monotonic(), list[Span]()
    for entry in store.sites.values():
        spans += live_span(store, entry.name, now, named=True)
        spans.append(SEPARATOR)
    runs = store.live_runs() or store.open_runs()
    spans.append((f"{runs[-1].run} {runs[-1].state}" if runs else "run none", "text" if runs else "dim"))
    if store.site in store.sites:
        spans += [SEPARATOR, *snapshot_span(store, store.site)]
    return spans


def live_span(store: Store, site: str, now: float, *, named: bool = False) -> list[Span]:
    """Returns how old a site's inventory is: `live 2s`, or STALE and since when."""
    inventory = store.inventories.get(site)
    name = f"{site} " if named else ""
    if inventory is None:
        return [(f"{name}not watched yet", "dim")]
    state, age = inventory.state(now), phrases.age(inventory.age(now))
    if state == "live":
        return [(f"{name}live {age}", "ok")]
    return [(f"{name}STALE {age}" if state == "stale" else f"{name}no answer yet", "warn")]


def snapshot_span(store: Store, site: str) -> list[Span]:
    """Returns the newest snapshot of a site: its time, and whether it was verified."""
    entry = store.sites[site]
    if entry.snapshot is None:
        return [("no snapshot yet: c captures", "warn")]
    good = entry.snapshot.verified
    word = "verified" if good else "not verified" if entry.snapshot.consistent else "inconsistent"
    late = entry.capture.state in ("late", "failed")
    spans: list[Span] = [
        (f"last snapshot {phrases.clock(entry.snapshot.taken)} {word}", "ok" if good else "warn")
    ]
    return [*spans, (f" (capture {entry.capture.state})", "bad")] if late else spans
