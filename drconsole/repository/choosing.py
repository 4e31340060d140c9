"""Which snapshots a question is about: the newest of each site, all of a span, or those of a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from drconsole.errors import UsageError
from drconsole.repository.entry import Entry

_DAY = timedelta(days=1)


def chosen(
    entries: Iterable[Entry], *, every: bool = False, since: str = "", until: str = "", on: str = ""
) -> tuple[Entry, ...]:
    """Returns the entries that are meant, of those given oldest first.

    `every` takes all from `since` on and before `until`, else each site's newest of those. `on` takes each
    site's last one of that day, or else the last one before it; of a moment, the last one up to it. All
    three are UTC moments or dates, "" for no bound. Raises UsageError for what is neither.
    """
    first, end = _begin(since), _begin(until)
    last = _end(on)
    fitting = [
        entry
        for entry in entries
        if (first is None or _taken(entry) >= first)
        and (end is None or _taken(entry) < end)
        and (last is None or _taken(entry) < last)
    ]
    if every and not on:
        return tuple(fitting)
    newest = {entry.site: entry for entry in fitting}
    return tuple(entry for entry in fitting if newest[entry.site] is entry)


def _taken(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.taken)


def _begin(text: str) -> datetime | None:
    return _moment(text)[0] if text else None


def _end(text: str) -> datetime | None:
    """The first moment after a day, or after a moment."""
    if not text:
        return None
    begin, is_day = _moment(text)
    return begin + (_DAY if is_day else timedelta(microseconds=1))


def _moment(text: str) -> tuple[datetime, bool]:
    """The moment, and whether it is a whole day's begin."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "is no moment",
            about=text,
            remedy="a date such as 2026-11-24, or a moment such as 2026-11-24T08:00Z",
        ) from None
    return found.replace(tzinfo=found.tzinfo or UTC), len(text) == len("2026-11-24")
