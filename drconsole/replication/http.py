"""Driver `http`: any array that answers the REST contract of docs/replication-http.md."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from drconsole.errors import DeviceError
from drconsole.replication.contract import GroupStatus, Presentation
from drconsole.wire.http import JsonClient, Reply, patiently

_API = "/api/v1"

T = TypeVar("T")


class _Fault(msgspec.Struct, frozen=True):
    code: str
    message: str = ""


class HttpArray:
    """One array. `settle_s` is how long an ABORTED answer (an operation is pending) is asked again.

    Every verb may be repeated on the array's side, so a pending operation is waited for; nothing
    else is repeated here. Whoever acts reads again with `query`.
    """

    def __init__(self, client: JsonClient, *, settle_s: float) -> None:
        self._client = client
        self._settle_s = settle_s

    async def discover(self) -> tuple[GroupStatus, ...]:
        return await self._get("/groups", tuple[GroupStatus, ...])

    async def query(self, group: str) -> GroupStatus:
        return await self._get(_group(group), GroupStatus)

    async def sync(self, group: str, *, token: str) -> None:
        await self._verb("POST", f"{_group(group)}/sync", {"token": token})

    async def halt(self, group: str, *, token: str, planned: bool = False) -> None:
        await self._verb("POST", f"{_group(group)}/halt", {"token": token, "planned": planned})

    async def fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        await self._verb("PUT", f"{_group(group)}/fence", {"token": token, "volumes": list(volumes)})

    async def lift_fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        await self._verb("DELETE", f"{_group(group)}/fence", {"token": token, "volumes": list(volumes)})

    async def promote(self, group: str, *, token: str) -> None:
        await self._verb("POST", f"{_group(group)}/promote", {"token": token})

    async def test_start(self, group: str, *, token: str, label: str) -> None:
        await self._verb("POST", f"{_group(group)}/clones", {"token": token, "label": label})

    async def test_stop(self, group: str, handle: str) -> None:
        await self._gone_is_fine("DELETE", f"{_group(group)}/clones/{quote(handle, safe='')}", None)

    async def present(self, volumes: tuple[str, ...], initiators: tuple[str, ...]) -> None:
        for volume in volumes:
            await self._verb("PUT", _presentation(volume), {"initiators": list(initiators)})

    async def unpresent(self, volumes: tuple[str, ...], initiators: tuple[str, ...]) -> None:
        """An empty tuple of initiators would remove all of them: it removes none here."""
        for volume in volumes if initiators else ():
            await self._gone_is_fine("DELETE", _presentation(volume), {"initiators": list(initiators)})

    async def presentations(self) -> tuple[Presentation, ...]:
        return await self._get("/presentations", tuple[Presentation, ...])

    async def close(self) -> None:
        await self._client.close()

    async def _get(self, path: str, kind: type[T]) -> T:
        return (await self._verb("GET", path, None)).decode(kind)

    async def _verb(self, method: str, path: str, body: Any) -> Reply:
        async def once() -> Reply:
            return _checked(await self._client.call(method, _API + path, body))

        return await patiently(once, again=_pending, within_s=self._settle_s)

    async def _gone_is_fine(self, method: str, path: str, body: Any) -> None:
        try:
            await self._verb(method, path, body)
        except DeviceError as error:
            if error.code != "NOT_FOUND":
                raise


def _group(group: str) -> str:
    return f"/groups/{quote(group, safe='')}"


def _presentation(volume: str) -> str:
    return f"/presentations/{quote(volume, safe='')}"


def _pending(error: BaseException) -> bool:
    return isinstance(error, DeviceError) and error.code == "ABORTED"


def _checked(reply: Reply) -> Reply:
    """Raises DeviceError with the array's own code and words."""
    if reply.ok:
        return reply
    try:
        fault = msgspec.json.decode(reply.body, type=_Fault)
    except (msgspec.DecodeError, RecursionError):
        return reply.expect()
    raise DeviceError(fault.message or fault.code, about=reply.about, code=fault.code)
