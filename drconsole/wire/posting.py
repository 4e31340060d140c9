"""One HTTPS POST to somebody who is told something: no device, no login, nothing read but the status."""

from __future__ import annotations

from collections.abc import Mapping

from drconsole.errors import DeadlinePassed, PinMismatch, Unreachable
from drconsole.wire.tls import pin_mismatch, pinned_context, trusted_context


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, pin: str, about: str, within_s: float
) -> int:
    """Sends `body` and returns the status of the answer, whatever it is.

    With a `pin` that certificate is good and no other; without, the system's authorities decide. No
    redirect is followed: it could lead anywhere. Raises Unreachable, DeadlinePassed after `within_s`
    seconds, PinMismatch, InvalidConfiguration for a malformed pin.
    """
    import aiohttp

    context = pinned_context(pin, about) if pin else trusted_context()
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    limit = aiohttp.ClientTimeout(total=within_s)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=limit, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status
    except TimeoutError as error:
        raise DeadlinePassed(f"gave no answer within {within_s:g} s", about=about) from error
    except (aiohttp.ClientError, OSError) as error:
        if mismatch := pin_mismatch(error):
            raise PinMismatch(
                about=about, expected=mismatch.expected, presented=mismatch.presented
            ) from error
        raise Unreachable(f"not reached: {error}", about=about) from error
