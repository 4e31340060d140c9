"""Watching a run from a command: its events as lines, and what its end means for the exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.printing import narrate, print_json
from drconsole.cli.words import as_json
from drconsole.errors import AcceptedFailures, DRConsoleError, Refused, RunStopped
from drconsole.model.run import Event, RunView, StepView


async def watch(client: Client, run: str, *, after: int = 0) -> RunView:
    """Prints a run's events until it rests, and returns it as it is then.

    On a terminal it stays while the run waits for an operator; off one it returns, so that a
    script is not left hanging.
    """
    stay = sys.stdin.isatty() and sys.stderr.isatty()
    return await client.ask(requests.Attach(run=run, after=after, stay=stay), tell_event)


def tell_event(event: Event) -> None:
    """Prints one event; progress is for consoles."""
    if event.kind == "progress":
        return
    state = str(event.facts.get("state", ""))
    parts = (event.at, event.step or event.kind, state, event.text, str(event.facts.get("error", "") or ""))
    actor = f" by {event.actor}" if event.actor else ""
    narrate("  ".join(part for part in parts if part) + actor)


def show_end(view: RunView) -> None:
    """Prints how a run stands: JSON on stdout where asked for, else a few lines."""
    if as_json():
        print_json(view)
        return
    narrate(f"{view.run}: {view.mode} of {view.site} is {view.state} after {view.elapsed_s:.0f} s")
    done = sum(guest.state == "registered" for guest in view.guests)
    narrate(f"guests registered: {done} of {len(view.guests)}")
    if view.rto_s is not None:
        narrate(f"RTO {view.rto_s:.0f} s" + (f", RPO {view.rpo_s:.0f} s" if view.rpo_s is not None else ""))
    tell_standing(view)
    if view.fidelity is not None:
        lost = sum(d.klass == "lost" for d in view.fidelity.differences)
        narrate(f"fidelity: {view.fidelity.matched} of {view.fidelity.total} values equal, {lost} lost")


def tell_standing(view: RunView) -> None:
    """Prints what a run that was stopped has left in the world, and what puts each thing back."""
    if not view.standing:
        return
    narrate("left standing:")
    for each in view.standing:
        narrate(f"  {each.kind} {each.name} is {each.state}")
    for remedy in dict.fromkeys(each.remedy for each in view.standing):
        narrate(f"  → {remedy}")


def ending(view: RunView) -> DRConsoleError | None:
    """Returns the error that a run's state stands for, None where it ended well (DESIGN: exit codes)."""
    if view.state == "waiting":
        return _waits(view.run, view.steps)
    if view.state == "paused":
        return _paused(view)
    if view.state not in ("held", "done"):
        return _stopped(view)
    given_up = [step for step in view.steps if step.state in ("skipped", "failed", "cancelled")]
    return cleanup_ending(view) or _accepted(given_up)


def cleanup_ending(view: RunView) -> DRConsoleError | None:
    """Returns the error that a run's cleanup stands for, however the run itself ended; None for none."""
    if view.cleanup is None:
        return None
    if view.cleanup.state == "paused":
        return _paused(view)
    if view.cleanup.state == "waiting":
        return _waits(view.run, view.cleanup.trouble)
    return _accepted(view.cleanup.trouble)


def _accepted(given_up: Sequence[StepView]) -> AcceptedFailures | None:
    if not given_up:
        return None
    return AcceptedFailures(f"ended with {len(given_up)} steps given up", about=given_up[0].key)


def _waits(run: str, steps: Sequence[StepView]) -> RunStopped:
    """Names what is waited for, and the verbs that move it."""
    asked = next((step for step in steps if step.state == "waiting"), None)
    failed = next((step for step in steps if step.state == "failed"), None)
    verbs = [f"`drconsole run approve {run} {asked.key}` once that is so"] if asked else []
    if asked and asked.key.startswith("uplinks/"):
        verbs.append(
            f"`drconsole run uplinks {run}` shows all hosts', --apply moves them, --roll-back does not"
        )
    if failed:
        verbs += [f"`drconsole run retry {run} {failed.key}`", "`run skip …`"]
        if failed.key.startswith(("provision/", "uplinks/")):
            verbs.append("`run replace …`")
    shown = asked or failed
    if shown:
        verbs.insert(0, f"`drconsole run show {run} --step {shown.key}` tells all")
    return RunStopped(
        f"waits for an operator: {shown.error if shown else 'see `run show`'}",
        about=shown.key if shown else run,
        remedy=", ".join((*verbs, f"or `run cancel {run}`")),
    )


def _paused(view: RunView) -> RunStopped:
    return RunStopped(
        f"was paused by {view.paused_by}",
        about=view.run,
        remedy=f"`drconsole run resume {view.run}` lets it go on",
    )


def _stopped(view: RunView) -> DRConsoleError:
    """A run that preflight refused was refused, whoever tells it: nothing was touched (exit 3)."""
    failed = next((step for step in view.steps if step.state == "failed"), None)
    if view.state == "failed" and failed and failed.key.startswith("preflight/"):
        return Refused(failed.error or "preflight refused it", about=failed.key)
    return RunStopped(f"is {view.state}", about=failed.key if failed else view.run)
