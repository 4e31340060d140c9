"""Answers that change the frozen plan of a run: replace a target, late flags, giving up a host."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from drconsole.api import requests
from drconsole.api.values import CommandReply, RunFlags, Spare
from drconsole.errors import Busy
from drconsole.journal import runs
from drconsole.recovery import amend
from drconsole.recovery.amend import Change, Seen, Stale
from drconsole.recovery.drivers import rooms_of
from drconsole.recovery.planner import refuse_unsafe
from drconsole.recovery.verbs.flags import flags_changed, flags_of
from drconsole.recovery.verbs.giving_up import giving_up, host_of
from drconsole.recovery.verbs.replacing import need_of, refuse_late, replacement, spares
from drconsole.recovery.verbs.rules import AT_REST, cleaning
from drconsole.service.answers.planning import addresses_in_use
from drconsole.service.answers.pool import probe, targets
from drconsole.service.caller import Caller
from drconsole.service.state import State, in_thread

_TRIES = 5
"""How often an amendment is decided anew, because the run went on while it was composed."""


async def amended(state: State, run: str, decide: Callable[[Seen], Change], caller: Caller) -> CommandReply:
    """Decides, composes and writes an amendment, and sees to it that a runner takes it up.

    Raises what `decide` raises, and Busy where the run never stands still long enough.
    """
    for _attempt in range(_TRIES):
        seen = await state.journal.query(partial(amend.see, run=run))
        change = await in_thread(partial(decide, seen))
        rooms = rooms_of(state.settings, seen.row.site)
        made = await in_thread(partial(amend.compose, state.settings, seen, change, rooms))
        try:
            reply = await state.journal.write(partial(amend.write, made=made, actor=caller.actor))
        except Stale:
            continue
        state.runners.ensure(reply.run)
        return reply
    raise Busy("changes faster than it can be amended: say it again", about=run)


async def replace(state: State, request: requests.Replace, caller: Caller) -> CommandReply:
    """Gives a target's role to a spare."""
    seen = await state.journal.query(partial(amend.see, run=request.run))
    refuse_late(need_of(seen, request.target), seen.rows)
    await _probe_free(state, caller, only=request.by)

    def decide(seen: Seen) -> Change:
        pool, used = targets(state).values(), addresses_in_use(state)
        return replacement(seen, request.target, request.by, pool, used, reason=request.reason)

    return await amended(state, seen.row.id, decide, caller)


async def list_spares(state: State, request: requests.ListSpares, caller: Caller) -> tuple[Spare, ...]:
    """Every target as a spare for another one's role."""
    seen = await state.journal.query(partial(amend.see, run=request.run))
    need = need_of(seen, request.target)
    refuse_late(need, seen.rows)
    await _probe_free(state, caller)
    found = spares(seen, need, targets(state).values())
    return tuple(Spare(target=each.target, fit=each.fit, reason=each.reason) for each in found)


async def show_flags(state: State, request: requests.ShowFlags, caller: Caller) -> RunFlags:
    """The deploy flags of a run that goes on."""
    seen = await state.journal.query(partial(amend.see, run=request.run, site=request.site))
    return await in_thread(partial(flags_of, seen))


async def set_flags(state: State, request: requests.SetFlags, caller: Caller) -> CommandReply:
    """Changes deploy flags late."""
    if any(request.hosts.values()):
        await _probe_free(state, caller)

    def decide(seen: Seen) -> Change:
        pool, used = targets(state).values(), addresses_in_use(state)
        change = flags_changed(seen, request.guests, request.hosts, pool, used, reason=request.reason)
        refuse_unsafe(state.settings, change.source)
        return change

    return await amended(state, request.run, decide, caller)


async def given_up(state: State, request: requests.Skip, caller: Caller) -> CommandReply | None:
    """Gives a host up with one of its steps; None for a step that no host hangs on."""
    row = state.journal.read(lambda c: runs.find(c, request.run))
    if cleaning(row) or row.state in AT_REST:
        return None
    seen = await state.journal.query(partial(amend.see, run=row.id))
    if await in_thread(partial(host_of, seen, request.step)) is None:
        return None

    def decide(seen: Seen) -> Change:
        need = host_of(seen, request.step) or need_of(seen, seen.rows[request.step].step.machine)
        return giving_up(seen, need, request.step, reason=request.reason)

    return await amended(state, seen.row.id, decide, caller)


async def _probe_free(state: State, caller: Caller, *, only: str = "") -> None:
    """Looks at what might become a spare: what was true of a machine an hour ago may not be so now."""
    free = (name for name, target in targets(state).items() if target.state in ("free", "unreachable"))
    await probe(state, tuple(name for name in free if only in ("", name)), caller.say)
