"""How machines fetch over HTTP when they boot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from drconsole.lab.world.fetching import Fetch, FetchFailed

PATIENCE_S = 20


@asynccontextmanager
async def machine_fetch() -> AsyncIterator[Fetch]:
    """Gives the GET of machines: http only, whole bodies, no redirects, 20 s for each."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S, connect=5)
    # A fresh connection each: a machine that restarts keeps none.
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:

        async def fetch(url: str, headers: dict[str, str]) -> bytes:
            try:
                async with session.get(url, headers=headers, allow_redirects=False) as response:
                    body = await response.read()
                    if response.status != 200:
                        raise FetchFailed(url, response.status, body[:200].decode(errors="replace"))
                    return body
            except (TimeoutError, aiohttp.ClientError, ValueError) as failed:
                raise FetchFailed(url, 0, str(failed)) from failed

        yield fetch
