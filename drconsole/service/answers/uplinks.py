"""Answers about hosts' uplinks: show them, move hosts for good, roll a trial back."""

from __future__ import annotations

from functools import partial

from drconsole.api import requests
from drconsole.api.uplinks import HostUplinks
from drconsole.api.values import CommandReply
from drconsole.journal import runs
from drconsole.recovery import amend
from drconsole.recovery.amend import Change, Seen
from drconsole.recovery.uplinks import uplinks_of
from drconsole.recovery.verbs import uplinks as verbs
from drconsole.service.answers.amending import amended
from drconsole.service.caller import Caller
from drconsole.service.state import State


async def show(state: State, request: requests.ShowUplinks, caller: Caller) -> tuple[HostUplinks, ...]:
    """The uplinks of a run's hosts as they are now."""
    return await state.journal.query(lambda c: uplinks_of(c, request.run, request.site))


async def apply(state: State, request: requests.ApplyUplinks, caller: Caller) -> CommandReply:
    """Answers reviews and tries again; a host that is named and `spent` gets its refused ports back."""
    spent = await _spent(state, request) if request.hosts else ()
    reply: CommandReply | None = None
    if spent:
        reply = await amended(state, request.run, partial(_cleared, hosts=spent), caller)
    rest = tuple(host for host in request.hosts if host not in spent)
    if rest or reply is None:
        run = state.journal.read(lambda c: runs.find(c, request.run)).id
        said = await state.journal.write(lambda c: verbs.apply(c, run, rest, actor=caller.actor))
        state.runners.ensure(run)
        reply = said if reply is None else _joined(reply, said)
    return reply


async def _spent(state: State, request: requests.ApplyUplinks) -> tuple[str, ...]:
    seen = await state.journal.query(partial(amend.see, run=request.run))
    known = verbs.host_steps(seen.rows)
    return tuple(host for host in request.hosts if host in known and known[host].spent)


def _cleared(seen: Seen, hosts: tuple[str, ...]) -> Change:
    return verbs.cleared(seen, hosts)


def _joined(first: CommandReply, second: CommandReply) -> CommandReply:
    return CommandReply(
        run=second.run,
        steps=(*first.steps, *second.steps),
        state=second.state,
        text=f"{first.text}; {second.text}",
    )


async def review(state: State, request: requests.ReviewUplinks, caller: Caller) -> CommandReply:
    """Has hosts ask before they move for good, or not any more."""
    decide = partial(verbs.reviewed, review=request.review)
    return await amended(state, request.run, decide, caller)


async def roll_back(state: State, request: requests.RollBackUplinks, caller: Caller) -> CommandReply:
    """Takes a trial back and has the next arrangement tried."""

    def decide(seen: Seen) -> Change:
        return verbs.rolled_back(seen, request.host, reason=request.reason)

    return await amended(state, request.run, decide, caller)
