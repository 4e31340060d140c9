"""Notices as JSON to an HTTPS address, signed where a secret is configured (docs/notification.md)."""

from __future__ import annotations

import hashlib
import hmac

from drconsole.errors import DeviceError
from drconsole.journal import clock
from drconsole.service.notify.message import Message
from drconsole.settings.secrets import resolve
from drconsole.settings.values import Webhook
from drconsole.wire.posting import post


class Hook:
    """One webhook. Any status from 200 to 299 means that it was taken."""

    def __init__(self, webhook: Webhook, within_s: float) -> None:
        self._webhook = webhook
        self._within_s = within_s

    async def send(self, message: Message) -> None:
        """Raises Unreachable, PinMismatch, what `resolve` raises, and DeviceError for a refusal."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            **self._signature(message.json),
        }
        status = await post(
            self._webhook.url,
            message.json,
            headers,
            pin=self._webhook.pin,
            about="webhook",
            within_s=self._within_s,
        )
        if not 200 <= status < 300:
            raise DeviceError(f"answered {status}", about="webhook", code=f"HTTP {status}")

    def _signature(self, body: bytes) -> dict[str, str]:
        """HMAC-SHA256 over the time, a dot and the body: an old message cannot be sent again as new."""
        if not self._webhook.secret:
            return {}
        time = str(int(clock.unix()))
        key = resolve(self._webhook.secret).reveal().encode()
        signed = hmac.new(key, f"{time}.".encode() + body, hashlib.sha256).hexdigest()
        return {"X-DRConsole-Timestamp": time, "X-DRConsole-Signature": f"sha256={signed}"}
