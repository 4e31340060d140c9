"""The answer to whether notices would arrive."""

from __future__ import annotations

import asyncio

from drconsole.api import requests
from drconsole.api.values import ChannelOutcome
from drconsole.errors import InvalidConfiguration
from drconsole.journal import clock
from drconsole.service.caller import Caller
from drconsole.service.notify.channels import Channel
from drconsole.service.notify.message import trial
from drconsole.service.notify.notifier import attempted
from drconsole.service.state import State


async def test(state: State, request: requests.TestNotify, caller: Caller) -> tuple[ChannelOutcome, ...]:
    """Sends one message by each channel at once: none waits for another. Raises InvalidConfiguration."""
    if not state.channels:
        raise InvalidConfiguration(
            "there is no [notify]", about=state.settings.path, expected="a channel such as [notify.webhook]"
        )
    message = trial(caller.actor, clock.now())

    async def tried(name: str, channel: Channel) -> ChannelOutcome:
        error = await attempted(channel, message)
        return ChannelOutcome(channel=name, told=not error, error=error)

    return tuple(await asyncio.gather(*(tried(*each) for each in state.channels.items())))
