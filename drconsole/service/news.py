"""News within the service: something that it alone knows has changed, such as a capture's state."""

from __future__ import annotations

import asyncio


class News:
    """Counts changes, and wakes whoever waits for the next one. Belongs to one event loop."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = asyncio.Event()

    def tell(self) -> None:
        """Something has changed."""
        self.count += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, since: int) -> None:
        """Waits until something has been told after `count` was `since`."""
        while self.count == since:
            await self._changed.wait()
