"""An array that answers docs/replication-http.md, and can refuse, be busy, or die in a verb."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PIT, NOW = "2026-11-22T08:00:00Z", "2026-11-22T08:00:07Z"


@dataclass
class FakeArray:
    """One group `g1` with a block volume and an export. `calls` are verbs that had an effect."""

    state: str = "target"
    synced: bool = True
    refuses: str = ""
    dies_after: str = ""
    pending: int = 0
    lag_s: float | None = 7
    clones: list[dict[str, Any]] = field(default_factory=list)
    presented: dict[str, list[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._moods])
        add = app.router.add_route
        add("GET", "/api/v1/groups/g1", self._group)
        add("POST", "/api/v1/groups/g1/halt", self._halt)
        add("POST", "/api/v1/groups/g1/promote", self._promote)
        add("POST", "/api/v1/groups/g1/clones", self._clone)
        add("DELETE", "/api/v1/groups/g1/clones/{handle}", self._drop)
        add("GET", "/api/v1/presentations", self._shown)
        add("PUT", "/api/v1/presentations/{volume}", self._present)
        add("DELETE", "/api/v1/presentations/{volume}", self._withdraw)
        return app

    @web.middleware
    async def _moods(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.method != "GET" and self.pending:
            self.pending -= 1
            return _fault(409, "ABORTED")
        answer = await handler(request)
        if self.dies_after and request.path.endswith(self.dies_after) and request.method != "GET":
            self.dies_after = ""
            assert request.transport is not None
            request.transport.abort()
        return answer

    def _volumes(self, state: str, prefix: str = "") -> list[dict[str, Any]]:
        refused = self.refuses if state == "partial" else ""
        block = {"id": f"{prefix}b/1", "source": "vol-1", "naa": "naa.600", "state": self._of("vol-1", state)}
        export = {"id": f"{prefix}e1", "source": "exp-1", "nfsHost": "10.30.0.8", "nfsPath": "/exp"}
        export["state"] = self._of("exp-1", state)
        for volume in (block, export):
            volume |= {"synced": self.synced, "error": "busy" if refused == volume["source"] else ""}  # type: ignore[dict-item]  # a union of values
        return [block, export]

    def _of(self, source: str, state: str) -> str:
        if state != "partial":
            return state
        return "target" if source == self.refuses else "halted"

    def _status(self) -> dict[str, Any]:
        told = {"id": "g1", "state": self.state, "asOf": NOW, "pointInTime": PIT, "lagS": self.lag_s}
        return {**told, "volumes": self._volumes(self.state), "clones": self.clones}

    async def _group(self, request: web.Request) -> web.Response:
        return web.json_response(self._status())

    async def _halt(self, request: web.Request) -> web.Response:
        self.tokens.add((await request.json())["token"])
        if self.state in ("target", "partial"):
            self.state = "partial" if self.refuses else "halted"
            self.calls.append("halt")
        return web.json_response(self._status())

    async def _promote(self, request: web.Request) -> web.Response:
        if self.state == "halted":
            self.state = "promoted"
            self.calls.append("promote")
        return web.json_response(self._status()) if self.state == "promoted" else _fault(409)

    async def _clone(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["token"] not in self.tokens:
            self.tokens.add(body["token"])
            self.calls.append("clone")
            number = len(self.clones) + 1
            volumes = self._volumes("promoted", f"c{number}-")
            clone = {"handle": f"c/{number}", "label": body["label"], "pointInTime": PIT, "volumes": volumes}
            self.clones.append(clone)
        return web.json_response(self.clones[-1], status=201)

    async def _drop(self, request: web.Request) -> web.Response:
        self.calls.append("drop")
        self.clones = [c for c in self.clones if c["handle"] != request.match_info["handle"]]
        return web.Response(status=204)

    async def _shown(self, request: web.Request) -> web.Response:
        shown = [{"volume": v, "lun": 1, "initiators": names} for v, names in self.presented.items()]
        return web.json_response(shown)

    async def _present(self, request: web.Request) -> web.Response:
        volume = request.match_info["volume"]
        self.calls.append(f"present {volume}")
        own = self.presented.setdefault(volume, [])
        own += [name for name in (await request.json())["initiators"] if name not in own]
        return web.json_response({"volume": volume, "lun": 1, "initiators": own})

    async def _withdraw(self, request: web.Request) -> web.Response:
        volume = request.match_info["volume"]
        self.calls.append(f"unpresent {volume}")
        gone = (await request.json())["initiators"]
        assert gone, "an empty list would withdraw the volume from everybody"
        self.presented[volume] = [n for n in self.presented.get(volume, []) if n not in gone]
        return web.json_response({"volume": volume, "lun": 1, "initiators": self.presented[volume]})


def _fault(status: int, code: str = "FAILED_PRECONDITION") -> web.Response:
    return web.json_response({"code": code, "message": "not now"}, status=status)
