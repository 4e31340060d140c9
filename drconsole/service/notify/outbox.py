"""Makes notices of events: in one transaction with the number up to which events were looked at.

Of one kind each run sends one message at once and then at most one in `every_s` seconds, which
stands for all that happened meanwhile: 500 failed steps are two messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

from drconsole.journal import clock, notices, runs
from drconsole.journal.notices import Behind
from drconsole.model.run import Event
from drconsole.service.notify.kinds import Body, Item, joined, told
from drconsole.settings.values import NoticeKind, Notify

GATHER_S = 1.0
"""A first message waits so long for others of its kind: what fails together is told together."""

HISTORY_S = 3600.0
"""A run that ended longer ago, and that no service ever looked at, is history: nobody is told of it."""

_BODY = msgspec.json.Decoder(Body).decode


def take_in(connection: Connection, notify: Notify, run: Behind) -> int:
    """Makes notices of a run's new events. Returns how many events are told of."""
    if run.after is None and _history(run):
        notices.looked_at(connection, run.run, run.newest)
        return 0
    events = notices.telling(connection, run.run, run.after or 0, run.newest)
    found = _by_kind(events)
    for kind, items in found.items():
        for channel, wanted in notify.channels.items():
            if kind in wanted.on:
                _tell(connection, run.run, channel, kind, items=tuple(items), every_s=notify.every_s)
    notices.looked_at(connection, run.run, run.newest)
    return sum(len(items) for items in found.values())


def worth_telling(connection: Connection, run: Behind) -> bool:
    """Whether a run's new events hold anything that somebody may want to be told."""
    events = notices.telling(connection, run.run, run.after or 0, run.newest)
    return any(told(event) is not None for event in events)


def _history(run: Behind) -> bool:
    return run.ended is not None and clock.seconds_between(run.ended, clock.now()) > HISTORY_S


def _by_kind(events: tuple[Event, ...]) -> Mapping[NoticeKind, list[Item]]:
    found: dict[NoticeKind, list[Item]] = defaultdict(list)
    for event in events:
        if (what := told(event)) is not None:
            found[what.kind].append(what.item)
    return found


def _tell(
    connection: Connection,
    run: str,
    channel: str,
    kind: NoticeKind,
    *,
    items: tuple[Item, ...],
    every_s: float,
) -> None:
    """Adds to the message that is still to be sent, or makes one for when the next may be."""
    waiting = notices.untried(connection, run, channel, kind)
    if waiting is not None:
        body = joined(_BODY(waiting.body), items)
        notices.refill(connection, waiting.id, msgspec.json.encode(body))
        return
    row = runs.find(connection, run)
    empty = Body(run=run, site=row.site, mode=row.mode, kind=kind, count=0, items=())
    last = notices.last_due(connection, run, channel, kind)
    due = max(clock.unix() + GATHER_S, 0.0 if last is None else last + every_s)
    notices.add(connection, run, channel, kind, msgspec.json.encode(joined(empty, items)), due=due)
