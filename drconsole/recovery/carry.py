"""How one step is carried out: observe, act, observe again, with few retries and one deadline."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from drconsole.errors import (
    DeadlinePassed,
    DeviceError,
    DRConsoleError,
    Fenced,
    InvalidConfiguration,
    InvalidDocument,
    OutcomeUnknown,
    PinMismatch,
    Refused,
    UnknownName,
    Unreachable,
    WrongCredentials,
)
from drconsole.model.step import Done, Facts, Handler, Step, Work

RETRY_S = (0.5, 1.0, 2.0, 4.0)
"""Pauses before a transient failure is tried again; after the last one the step fails."""

FLOOR_S = 10.0
"""No step gets less, however short its kind's deadline is: it bounds an observation, an act, another
observation and their repetitions together. Each single call has its own deadline in its driver."""

SETTLE_S = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Pauses before an act that does not show yet is looked for again."""

DOUBT_S = (0.2, 0.5)
"""The same for what a runner that is gone may have begun: its successor took a moment to come already."""

LOOK_S = 10.0
"""How long a last look at a step that has failed may take."""

_FINAL = (WrongCredentials, PinMismatch)
"""Never repeated: accounts lock, and another certificate does not become the right one."""

_UNSEEN = (*_FINAL, Refused, UnknownName, InvalidDocument, InvalidConfiguration)
"""Failures after which nothing is looked for: the step was stopped before it could act, or must be."""


@runtime_checkable
class InJournal(Protocol):
    """A handler whose effect lies in the journal: it commits together with its step's result."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Writes its effect and returns the step's result. Repeating it changes nothing."""
        ...


@runtime_checkable
class Asking(Protocol):
    """A handler that may need an operator's word. Asked and answered once; both are journalled."""

    def question(self, work: Work) -> tuple[str, str]:
        """Returns the question and the remedy that answers it; both "" where nothing need be asked."""
        ...

    def answered(self, actor: str, at: str) -> Facts:
        """Returns the step's result after an operator's answer."""
        ...


@runtime_checkable
class Observing(Protocol):
    """A handler whose effect lies outside the journal: `model.step.Handler`."""

    async def observe(self, work: Work) -> Done | None:
        """Returns Done where the world is already as the step wants it, else None."""
        ...


@runtime_checkable
class Describing(Protocol):
    """A handler that can say what the device shows where its step is not done."""

    async def describe(self, work: Work) -> str:
        """Returns one sentence, such as "the volume is not presented to anybody". Changes nothing."""
        ...


def limit_of(step: Step) -> float:
    """Returns the seconds that a step may take, all in all."""
    return max(step.deadline_s, FLOOR_S)


async def carry_out(handler: Handler, work: Work, *, cut: bool = False) -> Facts:
    """Brings a step's postcondition about and returns its result.

    `cut`: the attempt before was ended by its deadline, so that what it began may still show.

    Raises Fenced, or the DRConsoleError that explains why it is not so: DeadlinePassed after the
    step's deadline, DeviceError where the act never showed.
    """
    limit = limit_of(work.step)
    try:
        async with asyncio.timeout(limit) as clock:
            return await _repeated(handler, _Tries(work, cut=cut), work)
    except TimeoutError as error:
        if not clock.expired():
            raise DeadlinePassed("an answer did not come in time", about=work.step.object) from error
        raise DeadlinePassed(
            f"not done after {limit:.0f} s",
            about=work.step.object or work.step.key,
            remedy="look at the device, then retry",
        ) from None
    except DRConsoleError:
        raise
    except Exception as error:  # the boundary: a handler's mistake fails its step, never the run
        raise unexpected(error, work.step) from error


def unexpected(error: Exception, step: Step) -> DRConsoleError:
    """Returns a mistake of the product's as a step's failure, with the place where it happened."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return DRConsoleError(
        f"unexpected {type(error).__name__}: {error} ({last.name}, line {last.lineno})",
        about=step.object or step.key,
    )


async def look_again(handler: Handler, work: Work, error: DRConsoleError) -> Done | str:
    """Looks once more at a step that has failed, within LOOK_S.

    Returns Done where it is done after all, else one sentence of what was seen; "" where there was
    nothing to look for. Raises Fenced.
    """
    if isinstance(error, _UNSEEN) or not isinstance(handler, Observing):
        return ""
    try:
        async with asyncio.timeout(LOOK_S):
            found = await handler.observe(work)
            if found is not None:
                return found
            return await handler.describe(work) if isinstance(handler, Describing) else "not so yet"
    except Fenced:
        raise
    except TimeoutError:
        return f"cannot be observed: no answer within {LOOK_S:.0f} s"
    except DRConsoleError as problem:
        return f"cannot be observed: {problem.message}"
    except Exception as problem:  # the boundary: as in `carry_out`
        return f"cannot be observed: {type(problem).__name__}: {problem}"


class _Tries:
    """Whether an act of this step may still show: the way to the device is lost, or who began it."""

    def __init__(self, work: Work, *, cut: bool) -> None:
        self.open = work.in_doubt or cut
        self.pauses: Sequence[float] = SETTLE_S if cut else DOUBT_S


async def _repeated(handler: Handler, tries: _Tries, work: Work) -> Facts:
    for pause in RETRY_S:
        try:
            return await _once(handler, work, tries)
        except _FINAL:
            raise
        except (Unreachable, OutcomeUnknown) as error:
            work.say(f"{error}; observing again in {pause:g} s")
            await asyncio.sleep(pause)
        except DeviceError as error:
            if error.code != "ABORTED":
                raise
            work.say(f"{error}; the device is busy, again in {pause:g} s")
            await asyncio.sleep(pause)
    return await _once(handler, work, tries)


async def _once(handler: Handler, work: Work, tries: _Tries) -> Facts:
    """An observation that said "done" is the only success there is.

    What an act before this one has begun gets its time to show before anything is done again.
    """
    found = await (_looked_for(handler, work, tries.pauses) if tries.open else handler.observe(work))
    if found is not None:
        return found.result
    await work.check()
    tries.open, tries.pauses = True, SETTLE_S
    try:
        await handler.act(work)
    except DeviceError:
        tries.open = False  # the device itself has refused: nothing is to come
        raise
    return (await _shown(handler, work)).result


async def _shown(handler: Handler, work: Work) -> Done:
    found = await _looked_for(handler, work, SETTLE_S)
    if found is None:
        raise DeviceError(
            "what was done does not show on the device", about=work.step.object or work.step.key
        )
    return found


async def _looked_for(handler: Handler, work: Work, pauses: Sequence[float]) -> Done | None:
    for pause in pauses:
        found = await handler.observe(work)
        if found is not None:
            return found
        await asyncio.sleep(pause)
    return await handler.observe(work)
