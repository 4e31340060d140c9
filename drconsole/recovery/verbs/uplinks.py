"""Verbs about hosts' uplinks: move one that is reviewed, try again what failed, roll a trial back.

A roll back is an amendment: the port that is tried is refused on this target, so that the trial is taken
back and the next arrangement is tried. It holds until somebody applies that very host again by its name,
after its trials have failed: then all of its ports may be tried anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from drconsole.api.values import CommandReply
from drconsole.errors import Refused, UnknownName
from drconsole.journal.commands import Command
from drconsole.journal.steps import StepRow
from drconsole.planning import keys
from drconsole.recovery.amend import Change, Rows, Seen, Stale
from drconsole.recovery.verbs.rules import open_run
from drconsole.recovery.verbs.steps import approve, retry

ROLL_BACK, CLEAR, REVIEW = "roll-back", "apply", "review"
_TO_COME = frozenset({"pending", "failed", "waiting"})
"""States of a move for good that has not been made."""


class HostSteps(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of one host's uplinks as they stand: `rows` by key, in the plan's order."""

    host: str
    target: str
    rows: dict[str, StepRow]

    @property
    def tried(self) -> StepRow | None:
        """The step that tries an arrangement."""
        return self.rows.get(keys.uplinks_tried(self.host))

    @property
    def applied(self) -> StepRow | None:
        """The step that moves the host for good."""
        return self.rows.get(keys.uplinks_applied(self.host))

    @property
    def failed(self) -> StepRow | None:
        """The first step that has failed, None where none has."""
        return next((row for row in self.rows.values() if row.state == "failed"), None)

    @property
    def question(self) -> StepRow | None:
        """The move for good where it waits for an operator, else None."""
        return self.applied if self.applied is not None and self.applied.state == "waiting" else None

    @property
    def moved(self) -> bool:
        """Whether the management server has reached it at its final place."""
        proved = self.rows.get(keys.proved(self.host))
        return proved is not None and proved.state == "done"

    @property
    def port(self) -> str:
        """The port that stands on trial, "" where none does."""
        tried = self.tried
        if tried is None or tried.state != "done" or tried.result is None:
            return ""
        return str(tried.result.get("port", ""))

    @property
    def refused(self) -> tuple[str, ...]:
        """The ports that operators have rolled back."""
        return tuple(self.tried.step.arguments.get("refused", ())) if self.tried else ()

    @property
    def spent(self) -> bool:
        """Whether its trials have failed without the ports that operators have rolled back."""
        return bool(self.refused) and self.tried is not None and self.tried.state == "failed"


def host_steps(rows: Rows) -> dict[str, HostSteps]:
    """Returns the steps of every host's uplinks, by the host's name."""
    found: dict[str, dict[str, StepRow]] = defaultdict(dict)
    for key, row in rows.items():
        if row.step.stage == "uplinks" and row.step.machine:
            found[row.step.object][key] = row
    return {
        host: HostSteps(host=host, target=own[keys.proved(host)].step.machine, rows=own)
        for host, own in sorted(found.items())
        if keys.proved(host) in own
    }


def why_not_apply(own: HostSteps) -> str:
    """Returns why a host cannot be applied now, "" where it can: a question waits, or a step has failed."""
    if own.question or own.failed:
        return ""
    states = {row.state for row in own.rows.values()}
    if own.moved:
        return "it has moved for good already"
    if states & {"cancelled", "skipped"}:
        return "it was given up"
    if "running" in states:
        return "its uplinks are being worked on"
    return "nothing of its uplinks waits for an operator"


def why_not_roll_back(own: HostSteps, said: Iterable[Command] = ()) -> str:
    """Returns why no trial of a host can be rolled back now, "" where one can.

    `said` are the run's verbs, newest first: an approved move counts as begun.
    """
    tried, applied = own.tried, own.applied
    if own.moved:
        return "it has moved for good already"
    if tried is None or applied is None or {tried.state, applied.state} & {"cancelled", "skipped"}:
        return "it was given up"
    if tried.state != "done":
        return _no_trial(tried)
    return _moving(applied, said) or (
        "" if own.port else "its trial was made by an earlier version, which did not say on which port"
    )


def _no_trial(tried: StepRow) -> str:
    if tried.state == "running":
        return "its trial is under way: it can be rolled back once it stands"
    return "no trial stands" + (": what failed was taken back" if tried.state == "failed" else "")


def _moving(applied: StepRow, said: Iterable[Command]) -> str:
    """Why a move for good counts as begun, "" where it does not."""
    if applied.state in ("running", "done", "failed"):
        return f"its move for good began at {applied.started}"
    last = next((verb for verb in said if applied.step.key in verb.steps), None)
    if applied.state == "pending" and last is not None and last.verb in ("approve", "retry"):
        return f"its move for good is due: {last.actor} said {last.verb} at {last.at}"
    return ""


def rolled_back(seen: Seen, host: str, *, reason: str = "") -> Change:
    """Returns the change that takes a host's trial back and has the next arrangement tried.

    Raises UnknownName, and Refused with why where no trial can be rolled back.
    """
    own = _one(host_steps(seen.rows), host)
    if why := why_not_roll_back(own, seen.verbs):
        raise Refused(f"cannot be rolled back: {why}", about=host, remedy=_instead(own))
    ports = (*seen.source.refused_uplinks.get(own.target, ()), own.port)
    return _refusing(
        seen,
        {own.target: tuple(dict.fromkeys(ports))},
        (own,),
        verb=ROLL_BACK,
        text=f"{host}: its trial on {own.port} is rolled back, and {own.port} is not tried again",
        reason=reason,
    )


def cleared(seen: Seen, hosts: Iterable[str]) -> Change:
    """Returns the change that lets all ports of hosts be tried again whose trials are `spent`.

    Raises UnknownName, Refused for another one: what stands on trial or has moved is not put back by this.
    """
    known = host_steps(seen.rows)
    own = tuple(_one(known, host) for host in hosts)
    for each in own:
        if not each.spent:
            raise Refused("none of its trials has failed for want of ports rolled back", about=each.host)
    told = "; ".join(f"{each.host}: {', '.join(each.refused)} may be tried again" for each in own)
    return _refusing(seen, dict.fromkeys((each.target for each in own), ()), own, verb=CLEAR, text=told)


def reviewed(seen: Seen, review: bool) -> Change:
    """Returns the change that has each host ask before it moves to other uplinks for good, or not any more.

    Raises Refused where that is so already, where every host has moved, and while one moves: whether it
    may ask is decided before.
    """
    if seen.source.review_uplinks == review:
        told = "reviewed" if review else "not reviewed"
        raise Refused(f"uplinks are {told} already{seen.by((REVIEW,))}", about=seen.row.id)
    text = "each host asks before it moves to other uplinks" if review else "hosts move without asking"
    still = partial(_none_moves, seen.row.id)
    still(seen.rows)
    return Change(verb=REVIEW, text=text, source=replace(seen.source, review_uplinks=review), still=still)


def _none_moves(run: str, rows: Rows) -> None:
    states = {own.host: own.applied.state for own in host_steps(rows).values() if own.applied}
    if moving := [host for host, state in states.items() if state == "running"]:
        raise Refused(f"{moving[0]} moves at this moment: say it again", about=run)
    if _TO_COME.isdisjoint(states.values()):
        raise Refused("no host is left that could move", about=run)


def _refusing(
    seen: Seen,
    ports: Mapping[str, tuple[str, ...]],
    hosts: tuple[HostSteps, ...],
    *,
    verb: str,
    text: str,
    reason: str = "",
) -> Change:
    every = {**seen.source.refused_uplinks, **ports}
    refused = {target: kept for target, kept in every.items() if kept}

    def still(rows: Rows) -> None:
        """Whatever happened to these steps meanwhile, an operator's answer too, is decided on anew."""
        now = host_steps(rows)
        if any(_standing(now.get(each.host)) != _standing(each) for each in hosts):
            raise Stale

    return Change(
        verb=verb, text=text, source=replace(seen.source, refused_uplinks=refused), still=still, reason=reason
    )


def _standing(own: HostSteps | None) -> tuple[tuple[str, str, int], ...]:
    return tuple((key, row.state, row.attempts) for key, row in own.rows.items()) if own else ()


def _instead(own: HostSteps) -> str:
    if own.moved:
        return "replace its target, as long as storage is not connected"
    return "retry what failed of it, replace its target, or skip its step with a reason to give it up"


def apply(connection: Connection, run: str, hosts: tuple[str, ...], *, actor: str) -> CommandReply:
    """Moves hosts for good that wait to be reviewed, and tries again what failed of others.

    () takes every host for which that can be done now. Raises UnknownName, and Refused where there is
    none, or where it cannot be done for one that is named, with why.
    """
    row, rows = open_run(connection, run)
    known = host_steps(rows)
    chosen = [_one(known, host) for host in hosts] if hosts else _ready(known)
    for own in chosen:
        if why := why_not_apply(own):
            raise Refused(f"cannot be applied: {why}", about=own.host)
    if not chosen:
        raise Refused("no host's uplinks wait for an operator", about=row.id)
    told: list[str] = []
    for own in chosen:
        if own.question is not None:
            told += approve(connection, row.id, own.question.step.key, actor=actor).steps
        elif own.failed is not None:
            told += retry(connection, row.id, (own.failed.step.key,), every=False, actor=actor).steps
    return CommandReply(run=row.id, steps=tuple(told), state=row.state, text=_told(chosen))


def _told(chosen: Sequence[HostSteps]) -> str:
    """What becomes of which hosts; where there are many, of how many."""
    moved = [own.host for own in chosen if own.question]
    again = [own.host for own in chosen if not own.question]
    parts: list[str] = []
    for names, one, many in ((moved, "moves", "move"), (again, "is tried again", "are tried again")):
        counted = len(names) > _NAMED
        parts += [f"{len(names)} hosts {many}"] if counted else [f"{name} {one}" for name in names]
    return ", ".join(parts)


_NAMED = 3
"""So many hosts are named in a reply; more are counted."""


def _ready(known: Mapping[str, HostSteps]) -> list[HostSteps]:
    return [own for own in known.values() if not why_not_apply(own)]


def _one(known: Mapping[str, HostSteps], host: str) -> HostSteps:
    try:
        return known[host]
    except KeyError:
        names = ", ".join(known) or "it has none"
        raise UnknownName("the run deploys no such host", about=host, remedy=f"its hosts: {names}") from None
