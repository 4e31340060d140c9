"""Sends what the outbox holds, each channel for itself: one that hangs delays no run and no other."""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from collections.abc import Callable, Coroutine, Mapping
from functools import partial

import msgspec
from sqlalchemy import Connection

from drconsole.errors import DRConsoleError
from drconsole.journal import clock, commands, notices
from drconsole.journal.journal import Journal
from drconsole.journal.notices import Behind, Notice
from drconsole.model.text import safe_text
from drconsole.service.notify.channels import SEND_S, Channel
from drconsole.service.notify.kinds import Body
from drconsole.service.notify.message import Message, message
from drconsole.service.notify.outbox import take_in, worth_telling
from drconsole.settings.values import Notify

LOOK_S = 0.5
"""Between two looks at the events: a run that writes a thousand a second is looked at twice a second."""

MOST_ATTEMPTS = 200
GIVE_UP_S = 86400.0
"""After a day nobody is helped by a notice any more."""

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 900.0

IDLE_S = 60.0
"""The longest that a channel sleeps."""

_BODY = msgspec.json.Decoder(Body).decode


class Notifier:
    """Tells a configuration's channels of what happens to the runs of a journal."""

    def __init__(self, notify: Notify | None, journal: Journal, channels: Mapping[str, Channel]) -> None:
        self._notify = notify
        self._journal = journal
        self._channels = channels
        self._written = {name: asyncio.Event() for name in channels}

    @property
    def busy(self) -> bool:
        """Whether something is still to be sent: a service that has nothing else to do stays for it."""
        return bool(self._channels) and self._journal.read(notices.waiting) > 0

    async def keep(self) -> None:
        """Makes notices of events, and sends them, for ever. Without a configuration it ends at once."""
        if self._notify is None:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(_going_on(partial(self._follow, self._notify)))
            for name, channel in self._channels.items():
                group.create_task(_going_on(partial(self._serve, name, channel)))

    async def _follow(self, notify: Notify) -> None:
        seen: dict[str, int] = {}
        while True:
            version = self._journal.news()
            for run in await self._journal.query(notices.behind):
                if seen.get(run.run) != run.newest:
                    await self._look(notify, run, seen.get(run.run))
                    seen[run.run] = run.newest
            await asyncio.sleep(LOOK_S)
            await self._journal.changed(version)

    async def _look(self, notify: Notify, run: Behind, seen: int | None) -> None:
        """Writes only where there is something to tell: else the journal would be written for nothing."""
        if seen is not None:
            run = msgspec.structs.replace(run, after=max(seen, run.after or 0))
        if run.after is not None and not await self._journal.query(partial(worth_telling, run=run)):
            return
        if await self._journal.write(partial(take_in, notify=notify, run=run)):
            for written in self._written.values():
                written.set()

    async def _serve(self, name: str, channel: Channel) -> None:
        while True:
            self._written[name].clear()
            notice = await self._journal.query(partial(notices.due, channel=name, at=clock.unix()))
            if notice is not None:
                await self._attempt(channel, notice)
                continue
            soonest = await self._journal.query(partial(notices.next_due, channel=name))
            pause = IDLE_S if soonest is None else min(max(soonest - clock.unix(), 0.0), IDLE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._written[name].wait(), pause)

    async def _attempt(self, channel: Channel, notice: Notice) -> None:
        """The attempt is in the journal before it is made: nothing is added to a message that may be out."""
        await self._journal.write(partial(notices.attempt, id=notice.id))
        problem = await attempted(channel, told(notice))
        if not problem:
            await self._journal.write(partial(notices.sent, id=notice.id))
            return
        print(f"{notice.channel}: notice {notice.id} of {notice.run}: {problem}", flush=True)
        await self._journal.write(partial(_put_off, notice=notice, problem=problem))


async def attempted(channel: Channel, what: Message) -> str:
    """Sends a message once, within SEND_S. Returns what went wrong, "" where it was taken."""
    try:
        async with asyncio.timeout(SEND_S):
            await channel.send(what)
    except TimeoutError:
        return f"gave no answer within {SEND_S:g} s"
    except (DRConsoleError, OSError) as error:
        return safe_text(str(error), limit=500)
    except Exception as error:  # the boundary: whatever a server brings a library to, it is tried again
        traceback.print_exception(error)
        return safe_text(f"unexpected {type(error).__name__}: {error}", limit=500)
    return ""


def told(notice: Notice) -> Message:
    """Returns the message of a notice."""
    return message(_BODY(notice.body), f"{notice.run}.{notice.kind}.{notice.id}")


def pause_s(attempts: int) -> float:
    """Returns how long is waited after so many attempts: twice as long each time, with jitter."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts, 30))
    return random.uniform(longest / 2, longest)  # noqa: S311 -- so that not all services ask at once


def _put_off(connection: Connection, notice: Notice, problem: str) -> None:
    age_s = clock.seconds_between(notice.created, clock.now())
    if age_s >= GIVE_UP_S or notice.attempts + 1 >= MOST_ATTEMPTS:
        notices.give_up(connection, notice.id, problem)
        about = f"{notice.kind} by {notice.channel}, after {notice.attempts + 1} attempts: {problem}"
        commands.audit(connection, "service", "notice given up", notice.run, about)
        return
    notices.again(connection, notice.id, clock.unix() + pause_s(notice.attempts), problem)


async def _going_on(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """What goes wrong here ends no service: the notices are in the journal, and are tried again."""
    while True:
        try:
            await work()
        except Exception as error:  # the boundary: told, and begun anew
            traceback.print_exception(error)
        await asyncio.sleep(IDLE_S / 10)
