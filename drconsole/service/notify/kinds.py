"""Which events of a run are told outside, as what, and with which verbs. Pure."""

from __future__ import annotations

import msgspec

from drconsole.model.run import Event
from drconsole.model.step import Mode
from drconsole.settings.values import NoticeKind

MOST_ITEMS = 10
"""Objects that one message names; all others are counted."""

_RESTS = ("held", "done", "cancelled")


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened: to which step, what was said, and what to type now."""

    at: str
    step: str = ""
    text: str = ""
    verbs: tuple[str, ...] = ()


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What one message tells. `count` are all events that it stands for, `items` the first of them."""

    run: str
    site: str
    mode: Mode
    kind: NoticeKind
    count: int
    items: tuple[Item, ...]


class Told(msgspec.Struct, frozen=True):
    """An event that is worth telling."""

    kind: NoticeKind
    item: Item


def told(event: Event) -> Told | None:
    """Returns what an event is told as, None for one that nobody outside need know."""
    if event.kind == "step":
        return _of_step(event)
    return _of_run(event) if event.kind == "run" else None


def _of_step(event: Event) -> Told | None:
    state, run, step = event.facts.get("state"), event.run, event.step
    if state == "failed":
        verbs = (f"drconsole run retry {run} {step}", f'drconsole run skip {run} {step} --reason "…"')
        return Told("failed", Item(event.at, step, event.text, verbs))
    if state == "waiting":
        return Told("waiting", Item(event.at, step, event.text, (f"drconsole run approve {run} {step}",)))
    return None


def _of_run(event: Event) -> Told | None:
    facts, run = event.facts, event.run
    state, cleanup = facts.get("state"), facts.get("cleanup")
    if "pre_empted_by" in facts:
        return Told("pre-empted", Item(event.at, text=event.text, verbs=(f"drconsole run show {run}",)))
    if "waiting" in (state, cleanup):
        text = "only an operator can move it" if state else "its cleanup waits: only an operator can move it"
        return Told("waiting", Item(event.at, text=text, verbs=(f"drconsole run show {run}",)))
    if "failed" in (state, cleanup):
        named = f"{'the run' if state else 'its cleanup'} failed"
        text = named if event.text in ("", "failed", "cleanup failed") else f"{named}: {event.text}"
        return Told("failed", Item(event.at, text=text, verbs=(f"drconsole run report {run}",)))
    if state in _RESTS or cleanup == "done":
        text = f"it is {state}" if state else "its cleanup is done"
        return Told("finished", Item(event.at, text=text, verbs=(f"drconsole run report {run}",)))
    return None


def joined(body: Body, items: tuple[Item, ...]) -> Body:
    """Returns a message with more events in it: the first are named, all are counted."""
    kept = (*body.items, *items)[:MOST_ITEMS]
    return msgspec.structs.replace(body, count=body.count + len(items), items=kept)
