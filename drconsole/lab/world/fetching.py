"""How a machine fetches: injected, so that the world knows no socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Fetch = Callable[[str, dict[str, str]], Awaitable[bytes]]
"""A machine's HTTP GET: URL and headers to the body. Raises FetchFailed."""


class FetchFailed(Exception):
    """The boot service did not give what was asked for; `status` is its answer, 0 for none."""

    def __init__(self, url: str, status: int, message: str = "") -> None:
        super().__init__(f"{url}: {status or 'no answer'} {message}".rstrip())
        self.status = status
