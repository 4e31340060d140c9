"""Carries the customer's steps out (R89): a prompt asks an operator, a program is run once.

What a program did cannot be seen from outside, unless the customer gives an `observe` program. So a
start whose end nobody saw is never repeated by itself: the step fails, and the operator looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import msgspec

from drconsole.errors import DeviceError, DRConsoleError
from drconsole.model.step import Done, Facts, Step, Work, key_part
from drconsole.model.text import safe_text
from drconsole.recovery.programs.starts import End, Start, Starts

AGAIN_S = (1.0, 5.0, 15.0)
"""Pauses before a program is started again; the last one before every later start."""

OBSERVE_S = 60.0
"""How long an `observe` program may take, if the step's own time-out is not shorter."""

_SHOWN = 400
"""Characters of a failed program's output that its error shows."""


class Prompt:
    """Asks an operator; the step's result names who answered."""

    def question(self, work: Work) -> tuple[str, str]:
        """Returns the customer's text and the verb that answers it."""
        return str(work.step.arguments["prompt"]), f"`drconsole run approve {work.run} {work.step.key}`"

    def answered(self, actor: str, at: str) -> Facts:
        """Returns the step's result after an answer."""
        return {"answered_by": actor, "answered": at}


class _Told(msgspec.Struct, frozen=True):
    """A program step's arguments, as `planning.custom` froze them."""

    name: str
    program: tuple[str, ...]
    observe: tuple[str, ...] = ()
    timeout_s: float = 300.0
    retries: int = 0
    repeatable: bool = False


class RunProgram:
    """Runs a program with a bounded time, and keeps what it said."""

    def __init__(self, state_dir: str, site: str) -> None:
        self._state_dir = Path(state_dir)
        self._site = site

    async def observe(self, work: Work) -> Done | None:
        """Waits for a start that still runs; Done where the last one ended well, or `observe` says so.

        Raises DRConsoleError where a start was lost and may not be repeated.
        """
        told, starts = _told(work.step), self._starts(work)
        last = starts.last()
        end = await self._awaited(work, starts, last)
        if last is not None and end is not None and end.well:
            return Done(result=_result(last, end))
        if told.observe and await self._already(work, told):
            return Done(result={"observed": " ".join(told.observe)})
        if last is not None and end is None and work.in_doubt and not (told.observe or told.repeatable):
            raise _lost(work, told, last)
        return None

    async def act(self, work: Work) -> None:
        """Starts the program, again after a failure as often as `retries` says. Raises DeviceError."""
        told, starts = _told(work.step), self._starts(work)
        last = starts.last()
        following = last.number + 1 if last is not None else 1
        # A known failure of a runner that is gone counts; a start that was lost does not.
        end = starts.end(last) if last is not None and work.in_doubt else None
        series = last.series if last is not None and end is not None else following
        for number in range(following, series + told.retries + 1):
            if number > series:
                await self._pause(work, number - series, end)
            await work.check()
            await starts.make(number, series, told.program, self._environment(work), told.timeout_s)
            made = starts.last()
            end = await self._awaited(work, starts, made)
            if made is None or end is None:
                raise _lost(work, told, made)
            if end.well:
                return
        raise _failed(told, end, starts)

    async def describe(self, work: Work) -> str:
        """Says how the last start ended."""
        starts = self._starts(work)
        last = starts.last()
        end = starts.end(last) if last is not None else None
        return "the program was not started" if last is None else f"start {last.number}: {_word(end)}"

    async def _awaited(self, work: Work, starts: Starts, start: Start | None) -> End | None:
        if start is None:
            return None
        if starts.end(start) is None:
            work.progress(f"runs since {start.began}")
        return await starts.ended(start)

    async def _pause(self, work: Work, failures: int, end: End | None) -> None:
        pause = AGAIN_S[min(failures, len(AGAIN_S)) - 1]
        work.say(f"{_word(end)}; started again in {pause:g} s")
        await asyncio.sleep(pause)

    async def _already(self, work: Work, told: _Told) -> bool:
        """Whether the customer's own look says that it is so already."""
        directory = self._starts(work).folder / "work"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            process = await asyncio.create_subprocess_exec(
                *told.observe,
                env=self._environment(work),
                cwd=directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise DRConsoleError(f"its `observe` cannot be started: {error}", about=told.name) from error
        try:
            async with asyncio.timeout(min(told.timeout_s, OBSERVE_S)):
                return await process.wait() == 0
        except TimeoutError:
            raise DRConsoleError("its `observe` gave no answer in time", about=told.name) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def _starts(self, work: Work) -> Starts:
        name = key_part(str(work.step.arguments["name"]))
        return Starts(self._state_dir / "runs" / work.run / "programs" / name)

    def _environment(self, work: Work) -> dict[str, str]:
        """All that a program is given: nothing of the service's own, which may hold secrets."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "DRCONSOLE_RUN": work.run,
            "DRCONSOLE_SITE": self._site,
            "DRCONSOLE_MODE": work.mode,
            "DRCONSOLE_STEP": work.step.key,
            "DRCONSOLE_TOKEN": work.token,
        }


def _told(step: Step) -> _Told:
    return msgspec.convert(step.arguments, _Told)


def _result(start: Start, end: End) -> Facts:
    return {
        "exit_code": end.code,
        "starts": start.number - start.series + 1,
        "began": end.began,
        "ended": end.ended,
        "output": end.output,
        "dropped": end.dropped,
    }


def _word(end: End | None) -> str:
    if end is None:
        return "nobody saw how it ended"
    if end.error:
        return end.error
    if end.timed_out:
        return "was ended at its time-out"
    if end.code is not None and end.code < 0:
        return f"was ended by signal {-end.code}"
    return f"exit code {end.code}"


def _failed(told: _Told, end: End | None, starts: Starts) -> DeviceError:
    said = safe_text(end.output.strip(), limit=_SHOWN) if end is not None else ""
    return DeviceError(
        f"{told.program[0]}: {_word(end)}{f': {said}' if said else ''}",
        about=told.name,
        code="PROGRAM",
        remedy=f"all it said is in {starts.folder}; mend it, then retry, or skip it",
    )


def _lost(work: Work, told: _Told, start: Start | None) -> DRConsoleError:
    began = f" at {start.began}" if start is not None else ""
    return DRConsoleError(
        f"{told.program[0]} was started{began} and nobody saw how it ended",
        about=told.name,
        remedy="look whether it did its work: then skip it, or retry to start it once more",
    )
