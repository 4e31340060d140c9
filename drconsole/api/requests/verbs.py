"""Requests that change a run: the operators' verbs."""

from __future__ import annotations

from drconsole.api.requests.request import Request
from drconsole.api.values import CommandReply


class Retry(Request[CommandReply, None], frozen=True, kw_only=True):
    """Tries failed steps again; `all` takes every failed one."""

    run: str
    steps: tuple[str, ...] = ()
    all: bool = False


class Skip(Request[CommandReply, None], frozen=True, kw_only=True):
    """Gives a failed step up; what needs it is skipped with it. Asks for a reason."""

    run: str
    step: str
    reason: str


class Approve(Request[CommandReply, None], frozen=True, kw_only=True):
    """Answers the question that a step waits for, once; "" is the only one that is open."""

    run: str
    step: str = ""


class Pause(Request[CommandReply, None], frozen=True, kw_only=True):
    """Starts nothing new; what works ends as it would have. A cleanup can be paused too."""

    run: str
    reason: str = ""


class Resume(Request[CommandReply, None], frozen=True, kw_only=True):
    """Lets a paused run go on, and makes sure that a runner carries it."""

    run: str


class Replace(Request[CommandReply, str], frozen=True, kw_only=True):
    """Gives a target's role to a spare of the pool, in mid-run; "" takes the one that fits best.

    Raises Refused, with the reason for every target, where none fits; where the run is too far; and
    where somebody else was first.
    """

    run: str
    target: str
    by: str = ""
    reason: str = ""


class SetFlags(Request[CommandReply, str], frozen=True, kw_only=True):
    """Changes deploy flags late (R53, R54): guests' until `guests` begins, a host's until its provision.

    `guests` are ids, `hosts` ids of hosts or names of physical servers, each with its new flag. A host
    that is deployed without a target gets the spare that fits best. Raises Refused for what is too late
    or cannot be recovered.
    """

    run: str
    guests: dict[str, bool] = {}
    hosts: dict[str, bool] = {}
    reason: str = ""


class Cancel(Request[CommandReply, None], frozen=True, kw_only=True):
    """Lets running steps end, starts no other, and ends the run."""

    run: str
    reason: str = ""


class Cleanup(Request[CommandReply, None], frozen=True, kw_only=True):
    """Puts a drill's machines and clones back. Refused once a real run connected storage."""

    run: str


class ApplyUplinks(Request[CommandReply, None], frozen=True, kw_only=True):
    """Moves hosts to their planned uplinks: answers a review's question, or tries again what failed.

    () takes every host for which that can be done now. Raises Refused where there is none.
    """

    run: str
    hosts: tuple[str, ...] = ()


class ReviewUplinks(Request[CommandReply, str], frozen=True, kw_only=True):
    """Has each host ask from now on before it moves to other uplinks for good, or not any more.

    A host that asks already goes on asking. Raises Refused where that is so, where no host is left to move,
    and while one moves.
    """

    run: str
    review: bool = True


class RollBackUplinks(Request[CommandReply, str], frozen=True, kw_only=True):
    """Takes an arrangement back that a host has on trial, and has the next one tried in its place.

    Raises Refused once the host has moved for good, and where no trial stands.
    """

    run: str
    host: str
    reason: str = ""
