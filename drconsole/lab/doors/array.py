"""An array's management address: docs/replication-http.md, served over the world's arrays."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from drconsole.lab.world.arrays import Array, ArrayError, Clone, Group, Member
from drconsole.lab.world.volumes import Volume

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ROOT = "/api/v1"
STATUS = {"NOT_FOUND": 404, "FAILED_PRECONDITION": 409, "ABORTED": 409, "REFUSED": 422, "UNIMPLEMENTED": 501}
CAPABILITIES = ["halt", "promote", "clone", "present", "planned", "sync", "fence"]


def array_application(array: Array, username: str, password: str) -> web.Application:
    """Returns the web application of one array."""
    return _Door(array, username, password).application()


class _Door:
    def __init__(self, array: Array, username: str, password: str) -> None:
        self.array = array
        self._expected = f"{username}:{password}".encode()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        add = app.router.add_route
        add("GET", ROOT, self._about)
        add("GET", f"{ROOT}/groups", self._groups)
        add("GET", ROOT + "/groups/{group}", self._group)
        add("POST", ROOT + "/groups/{group}/halt", self._halt)
        add("POST", ROOT + "/groups/{group}/promote", self._promote)
        add("POST", ROOT + "/groups/{group}/sync", self._sync)
        add("PUT", ROOT + "/groups/{group}/fence", self._fence)
        add("DELETE", ROOT + "/groups/{group}/fence", self._lift_fence)
        add("POST", ROOT + "/groups/{group}/clones", self._clone)
        add("DELETE", ROOT + "/groups/{group}/clones/{handle}", self._drop)
        add("GET", f"{ROOT}/presentations", self._presentations)
        add("PUT", ROOT + "/presentations/{volume}", self._present)
        add("DELETE", ROOT + "/presentations/{volume}", self._unpresent)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not self._authenticated(request):
                path = f"array/{self.array.name}"
                self.array.world.ledger.write(path, "login-refused", path)
                return _error(401, "UNAUTHENTICATED", "wrong user name or password")
            return await handler(request)
        except ArrayError as refused:
            return _error(STATUS[refused.code], refused.code, str(refused))
        except web.HTTPNotFound:
            return _error(404, "NOT_FOUND", f"nothing at {request.path}")
        except web.HTTPMethodNotAllowed:
            return _error(501, "UNIMPLEMENTED", f"{request.method} {request.path}")

    def _authenticated(self, request: web.Request) -> bool:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
        except ValueError:
            given = b""
        return hmac.compare_digest(given, self._expected)

    async def _about(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "api": "drconsole.replication/1",
                "name": self.array.name,
                "version": "1.0",
                "capabilities": CAPABILITIES,
                "time": _utc(self.array.world.clock.now()),
            }
        )

    async def _groups(self, request: web.Request) -> web.Response:
        return web.json_response([self._shown(group) for group in self.array.groups.values()])

    async def _group(self, request: web.Request) -> web.Response:
        return web.json_response(self._shown(self.array.group(request.match_info["group"])))

    async def _halt(self, request: web.Request) -> web.Response:
        body = await _body(request, token=str)
        planned = body.get("planned") is True
        group = await self.array.halt(request.match_info["group"], token=body["token"], planned=planned)
        return web.json_response(self._shown(group))

    async def _promote(self, request: web.Request) -> web.Response:
        body = await _body(request, token=str)
        group = await self.array.promote(request.match_info["group"], token=body["token"])
        return web.json_response(self._shown(group))

    async def _sync(self, request: web.Request) -> web.Response:
        body = await _body(request, token=str)
        group = await self.array.sync(request.match_info["group"], token=body["token"])
        return web.json_response(self._shown(group))

    async def _fence(self, request: web.Request) -> web.Response:
        body = await _body(request, token=str, volumes=list)
        volumes = map(str, body["volumes"])
        group = await self.array.fence(request.match_info["group"], volumes, token=body["token"])
        return web.json_response(self._shown(group))

    async def _lift_fence(self, request: web.Request) -> web.Response:
        body = await _body(request, token=str, volumes=list)
        volumes = map(str, body["volumes"])
        group = await self.array.lift_fence(request.match_info["group"], volumes, token=body["token"])
        return web.json_response(self._shown(group))

    async def _clone(self, request: web.Request) -> web.Response:
        body = await _body(request, token=str, label=str)
        clone = await self.array.clone(request.match_info["group"], token=body["token"], label=body["label"])
        return web.json_response(_clone(clone), status=201)

    async def _drop(self, request: web.Request) -> web.Response:
        self.array.drop_clone(request.match_info["group"], request.match_info["handle"])
        return web.Response(status=204)

    async def _presentations(self, request: web.Request) -> web.Response:
        return web.json_response([_presentation(v) for v in self.array.volumes.values() if v.initiators])

    async def _present(self, request: web.Request) -> web.Response:
        body = await _body(request, initiators=list)
        volume = await self.array.present(request.match_info["volume"], map(str, body["initiators"]))
        return web.json_response(_presentation(volume))

    async def _unpresent(self, request: web.Request) -> web.Response:
        body = await _body(request, initiators=list)
        volume = await self.array.unpresent(request.match_info["volume"], map(str, body["initiators"]))
        return web.json_response(_presentation(volume))

    def _shown(self, group: Group) -> dict[str, Any]:
        now = self.array.world.clock.now()
        return {
            "id": group.id,
            "state": group.state,
            "asOf": _utc(now),
            "pointInTime": _utc(group.point_in_time),
            "lagS": None if group.state == "source" else (now - group.point_in_time).total_seconds(),
            "sourceConfirmed": group.source_confirmed,
            "volumes": [_volume(member.volume, member) for member in group.members],
            "clones": [_clone(clone) for clone in group.clones],
        }


def _clone(clone: Clone) -> dict[str, Any]:
    return {
        "handle": clone.handle,
        "label": clone.label,
        "pointInTime": _utc(clone.point_in_time),
        "volumes": [_volume(volume, Member(volume, "promoted")) for volume in clone.volumes],
    }


def _volume(volume: Volume, member: Member) -> dict[str, Any]:
    return {
        "id": volume.id,
        "source": volume.source,
        "state": member.state,
        "synced": member.synced,
        "fenced": volume.fenced,
        "naa": volume.naa,
        "nfsHost": volume.server if volume.export else "",
        "nfsPath": volume.export,
        "sizeBytes": volume.size_bytes,
        "error": member.error,
    }


def _presentation(volume: Volume) -> dict[str, Any]:
    return {"volume": volume.id, "lun": volume.lun, "initiators": list(volume.initiators)}


async def _body(request: web.Request, **required: type) -> dict[str, Any]:
    """Returns the body. Raises ArrayError REFUSED where a key is missing or of another type."""
    try:
        body = await request.json()
    except ValueError as wrong:
        raise ArrayError("REFUSED", f"the body is no JSON: {wrong}") from wrong
    for name, kind in required.items():
        if not isinstance(body, dict) or not isinstance(body.get(name), kind):
            raise ArrayError("REFUSED", f"the body lacks {name}")
    return dict(body)


def _error(status: int, code: str, message: str) -> web.Response:
    headers = {"WWW-Authenticate": 'Basic realm="array"'} if status == 401 else {}
    return web.json_response({"code": code, "message": message}, status=status, headers=headers)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
