"""Two copies of a guest never run: the one probe of the protected side, and the gate before guests.

Disaster: no answer → the protected side counts as gone for the whole run. An answer → the run waits
once, before `guests`, for the operator to say that the protected side is fenced. The log tells of the
question as soon as the probe is answered: whoever fences does so while machines are installed.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import msgspec

from drconsole.errors import PinMismatch
from drconsole.journal.clock import now
from drconsole.model.step import Done, Facts, Step, Work
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.settings.values import Endpoint, Settings
from drconsole.wire.connecting import connected
from drconsole.wire.tls import pin_mismatch, pinned_context

_KIND = "probe-protected"
_GONE = "gives no answer: the protected side counts as gone for the whole run"
_FENCE = "fence the protected site; before its guests are registered the run asks whether that is done"


def probe_steps(plan: PlanInput) -> tuple[Step, ...]:
    """Gives the probe, in a disaster run only: a drill has no business at the protected side."""
    if plan.mode != "disaster":
        return ()
    return (
        Step(
            key=keys.PROBED,
            stage="preflight",
            handler="recovery.probe",
            object=plan.site.name,
            title="Ask once whether the protected site still answers",
            typical_s=plan.deadlines[_KIND],
        ),
    )


def gated(plan: PlanInput, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Returns the rooms' steps with the gate before every first one of `guests`, and the gate itself.

    A step is first that no other step of the stage must precede: waiting alone proves nothing.
    """
    guests = {step.key for step in steps if step.stage == "guests"}
    if not guests:
        return tuple(steps)
    before = tuple(step.key for step in steps if step.key == keys.BARRIER)
    return *(_behind(step, guests) for step in steps), _gate(plan, before)


def _behind(step: Step, guests: set[str]) -> Step:
    if step.key not in guests or not guests.isdisjoint(step.needs):
        return step
    return msgspec.structs.replace(step, needs=(*step.needs, keys.GUESTS_GATE))


def _gate(plan: PlanInput, before: tuple[str, ...]) -> Step:
    """It opens with the barrier, not after the whole import: guests go on as soon as each one can."""
    return Step(
        key=keys.GUESTS_GATE,
        stage="guests",
        handler="recovery.gate",
        object=plan.site.name,
        title="Make sure that no guest runs twice",
        needs=(keys.PREFLIGHT, *before),
    )


class ProbeProtected:
    """Connects to the protected management server once, under its pin, and sends nothing."""

    def __init__(self, settings: Settings, plan: PlanInput) -> None:
        self._settings = settings
        self._plan = plan

    async def observe(self, work: Work) -> Done:
        """Returns whether anything answered. Whatever completes or refuses a handshake did answer."""
        endpoint = self._settings.sites[self._plan.site.name].endpoint
        said = await _answer(endpoint, self._plan.deadlines[_KIND])
        work.say(f"{endpoint.address} {f'{said}: {_FENCE}' if said else _GONE}")
        return Done(result={"answered": bool(said), "said": said, "at": now()})

    async def act(self, work: Work) -> None:
        """There is nothing to do: the observation is the probe."""


async def _answer(endpoint: Endpoint, limit_s: float) -> str:
    """Says how the other side answered; "" where it did not."""
    host, _, port = endpoint.address.rpartition(":")
    context = pinned_context(endpoint.pin, endpoint.address)
    try:
        _, writer = await connected(host.strip("[]"), int(port), within_s=limit_s, context=context)
    except (PinMismatch, ssl.SSLError) as error:
        mismatch = pin_mismatch(error)
        return "answers with another certificate" if mismatch else f"answers, and not as it should: {error}"
    except OSError:  # refused, unreachable, reset, or silent beyond the limit
        return ""
    writer.transport.abort()  # a farewell would wait for theirs
    return "answers under its pinned certificate"


class Gate:
    """Waits for the operator where the probe was answered. Its result names who said that it is fenced."""

    def question(self, work: Work) -> tuple[str, str]:
        """Returns the question and what answers it, both "" where nothing need be asked."""
        probed = work.results(keys.PROBED).get(keys.PROBED, {})
        if work.mode != "disaster" or not probed.get("answered"):
            return "", ""
        return (
            f"the protected site still answered at {probed['at']} ({probed['said']}):"
            " are its hosts off, or cut off from networks and storage?",
            f"fence it, then `drconsole run approve {work.run} {keys.GUESTS_GATE}`",
        )

    def answered(self, actor: str, at: str) -> Facts:
        """Returns the step's result after an answer."""
        return {"fenced_by": actor, "at": at}
