"""A run that is over, as the service tells of it: what a replay is made from."""

from __future__ import annotations

import contextlib

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.timeline import Timeline
from drconsole.console.known.following import AT_REST
from drconsole.console.replay.replaying import Recording
from drconsole.errors import DRConsoleError, Refused
from drconsole.model.run import Event


async def recorded(client: Client, run: str) -> Recording:
    """Returns a run that is over, with all its events. Raises Refused for one that goes on."""
    view = await client.ask(requests.ShowRun(run=run))
    cleaning = view.cleanup is not None and view.cleanup.state not in ("done", "failed", "cancelled")
    if view.state not in AT_REST or cleaning:
        raise Refused(
            f"it is {'cleaned up' if cleaning else view.state}: only what is over can be replayed",
            about=view.run,
            remedy=f"`drconsole run attach {view.run}` shows it as it happens",
        )
    events: list[Event] = []
    final = await client.ask(requests.Attach(run=view.run), events.append)
    timeline: Timeline | None = None
    with contextlib.suppress(DRConsoleError):  # a replay without one is a replay
        timeline = await client.ask(requests.ShowTimeline(run=view.run))
    return Recording(view=final, events=tuple(events), timeline=timeline)
