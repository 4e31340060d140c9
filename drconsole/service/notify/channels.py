"""The channels of a configuration, each ready to send."""

from __future__ import annotations

from typing import Protocol

from drconsole.service.notify.mail import Mail
from drconsole.service.notify.message import Message
from drconsole.service.notify.syslog import SystemLog
from drconsole.service.notify.webhook import Hook
from drconsole.settings.values import Notify

SEND_S = 15.0
"""How long one attempt may take."""


class Channel(Protocol):
    """Somebody who can be told something."""

    async def send(self, message: Message) -> None:
        """Returns once the other side has taken it. Raises DRConsoleError or OSError where it has not."""
        ...


def channels(notify: Notify) -> dict[str, Channel]:
    """Returns the channels that are configured, by name."""
    found: dict[str, Channel] = {}
    if notify.webhook is not None:
        found["webhook"] = Hook(notify.webhook, SEND_S)
    if notify.smtp is not None:
        found["smtp"] = Mail(notify.smtp, SEND_S)
    if notify.syslog is not None:
        found["syslog"] = SystemLog(notify.syslog, SEND_S)
    return found
