"""A webhook over TLS by aiohttp: answers what it is told to, and keeps what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from tests.unit.wire.impostor import Identity


@dataclass
class WebhookServer:
    """`answers` are the statuses of the next calls, the last one of all later ones; 0 hangs."""

    identity: Identity
    answers: list[int] = field(default_factory=lambda: [200])
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def taken(self) -> list[dict[str, Any]]:
        """What was sent, as it was decoded."""
        return [msgspec.json.decode(body) for _, body in self.calls]

    async def handle(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.read()))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not status:
            await asyncio.sleep(60)
        return web.Response(status=status or 500)


@asynccontextmanager
async def webhook_server(folder: Path, *answers: int) -> AsyncIterator[WebhookServer]:
    server = WebhookServer(Identity(folder, "hook"), list(answers or (200,)))
    application = web.Application()
    application.router.add_post("/dr", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server.identity.context())
    await site.start()
    server.url = f"https://127.0.0.1:{runner.addresses[0][1]}/dr"
    try:
        yield server
    finally:
        await runner.cleanup()
