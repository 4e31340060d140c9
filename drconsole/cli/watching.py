"""Watching a run from a command: its events as lines, and what its end means for the exit code."""

from __future__ import annotations

import sys

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.printing import narrate, print_json
from drconsole.cli.words import as_json
from drconsole.errors import AcceptedFailures, DRConsoleError, RunStopped
from drconsole.model.run import Event, RunView


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
    if view.fidelity is not None:
        lost = sum(d.klass == "lost" for d in view.fidelity.differences)
        narrate(f"fidelity: {view.fidelity.matched} of {view.fidelity.total} values equal, {lost} lost")


def ending(view: RunView) -> DRConsoleError | None:
    """Returns the error that a run's state stands for, None where it ended well (DESIGN: exit codes)."""
    if view.state in ("held", "done"):
        given_up = [step.key for step in view.steps if step.state in ("skipped", "failed", "cancelled")]
        if given_up:
            return AcceptedFailures(f"ended with {len(given_up)} steps given up", about=given_up[0])
        return None
    failed = [step for step in view.steps if step.state in ("failed", "waiting")]
    if view.state == "waiting" and failed:
        return RunStopped(
            f"waits for an operator: {failed[0].error or 'a question'}",
            about=failed[0].key,
            remedy=f"`run retry {view.run} {failed[0].key}`, `run skip …` or `run cancel {view.run}`",
        )
    return RunStopped(f"is {view.state}", about=failed[0].key if failed else view.run)
