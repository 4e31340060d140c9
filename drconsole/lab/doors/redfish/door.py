"""The HTTP of a BMC: logins, reads with ETags, the boot override, power, drives that erase."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from drconsole.lab.doors.redfish import resources
from drconsole.lab.doors.redfish.resources import ROOT, SYSTEM, Json
from drconsole.lab.world.install import erase
from drconsole.lab.world.machine import BootOverride, Disk, Machine
from drconsole.lab.world.power import VERBS, PowerBusy, press

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OPEN = frozenset({"/redfish", "/redfish/", ROOT, f"{ROOT}/"})
"""Served without a login."""


def redfish_application(machine: Machine, username: str, password: str) -> web.Application:
    """Returns the web application of one machine's BMC."""
    return _Bmc(machine, username, password).application()


class _Refused(Exception):
    """An answer that is an error; `status` and Redfish's message id."""

    def __init__(self, status: int, id: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.id = id


class _Bmc:
    def __init__(self, machine: Machine, username: str, password: str) -> None:
        self.machine = machine
        self._expected = (username, password)
        self._sessions: dict[str, str] = {}

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/redfish", self._versions)
        app.router.add_post(f"{ROOT}/SessionService/Sessions", self._login)
        app.router.add_delete(ROOT + "/SessionService/Sessions/{id}", self._logout)
        app.router.add_patch(SYSTEM, self._patch)
        app.router.add_post(f"{SYSTEM}/Actions/ComputerSystem.Reset", self._reset)
        app.router.add_post(
            SYSTEM + "/Storage/1/Drives/{serial}/Actions/Drive.SecureErase", self._secure_erase
        )
        app.router.add_get(ROOT + "{path:.*}", self._read)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            logging_in = request.method == "POST" and request.path == f"{ROOT}/SessionService/Sessions"
            if request.path not in OPEN and not logging_in:
                self._authenticate(request)
            return await handler(request)
        except _Refused as refused:
            return _error(refused)
        except web.HTTPException as error:
            return _error(_Refused(error.status, "Base.1.18.GeneralError", error.reason))

    def _authenticate(self, request: web.Request) -> None:
        if request.headers.get("X-Auth-Token", "") in self._sessions:
            return
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        given = ""
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(encoded, validate=True).decode()
            except ValueError:
                given = ""
        username, _, password = given.partition(":")
        self._check(username, password)

    def _check(self, username: str, password: str) -> None:
        given, expected = f"{username}\0{password}".encode(), "\0".join(self._expected).encode()
        if not hmac.compare_digest(given, expected):
            path = f"bmc/{self.machine.name}"
            self.machine.world.ledger.write(path, "login-refused", path, username=username)
            raise _Refused(401, "Base.1.18.ResourceAtUriUnauthorized", "wrong user name or password")

    async def _versions(self, request: web.Request) -> web.Response:
        return web.json_response({"v1": f"{ROOT}/"})

    async def _read(self, request: web.Request) -> web.Response:
        found = resources.resource(self.machine, request.match_info["path"])
        if found is None:
            raise _Refused(404, "Base.1.18.ResourceMissingAtURI", f"nothing at {request.path}")
        tag = _etag(found)
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.json_response(found, headers={"ETag": tag, "OData-Version": "4.0"})

    async def _login(self, request: web.Request) -> web.Response:
        body = await _body(request)
        self._check(str(body.get("UserName", "")), str(body.get("Password", "")))
        token, id = secrets.token_hex(16), str(len(self._sessions) + 1)
        self._sessions[token] = id
        place = f"{ROOT}/SessionService/Sessions/{id}"
        session = {"@odata.id": place, "Id": id, "Name": "Session", "UserName": body["UserName"]}
        return web.json_response(session, status=201, headers={"X-Auth-Token": token, "Location": place})

    async def _logout(self, request: web.Request) -> web.Response:
        gone = request.match_info["id"]
        self._sessions = {token: id for token, id in self._sessions.items() if id != gone}
        return web.Response(status=204)

    async def _patch(self, request: web.Request) -> web.Response:
        wanted = request.headers.get("If-Match")
        if wanted not in {None, "*", _etag(resources.system(self.machine))}:
            raise _Refused(412, "Base.1.18.PreconditionFailed", "the resource has changed")
        body = await _body(request)
        if set(body) != {"Boot"} or not isinstance(body["Boot"], dict):
            raise _Refused(400, "Base.1.18.PropertyUnknown", "only Boot can be changed")
        self.machine.boot = _override(self.machine.boot, body["Boot"])
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.Response:
        verb = (await _body(request)).get("ResetType")
        known = next((v for v in VERBS if v == verb), None)
        if known is None:
            raise _Refused(400, "Base.1.18.ActionParameterValueNotInList", f"ResetType {verb}")
        try:
            press(self.machine, known)
        except PowerBusy as busy:
            raise _Refused(409, "Base.1.18.ResourceInUse", str(busy)) from busy
        return web.Response(status=204)

    async def _secure_erase(self, request: web.Request) -> web.Response:
        disk = self.machine.disk(request.match_info["serial"])
        if disk is None or not disk.secure_erase:
            raise _Refused(404, "Base.1.18.ResourceMissingAtURI", "no drive here that can erase itself")
        if disk.erasing or self.machine.power != "Off":
            raise _Refused(409, "Base.1.18.ResourceInUse", "the drive is in use")
        disk.erasing = True
        self.machine.world.spawn(_erase(self.machine, disk))
        return web.Response(status=202)


async def _erase(machine: Machine, disk: Disk) -> None:
    try:
        await machine.world.take("machine.secure-erase")
        erase(machine, disk)
    finally:
        disk.erasing = False


def _override(now: BootOverride, wanted: Json) -> BootOverride:
    """Returns the override with what a PATCH asks for. Raises _Refused (400) for anything else."""
    names = {
        "BootSourceOverrideTarget": "target",
        "BootSourceOverrideEnabled": "enabled",
        "BootSourceOverrideMode": "mode",
        "HttpBootUri": "uri",
    }
    values = {"target": now.target, "enabled": now.enabled, "mode": now.mode, "uri": now.uri}
    for key, value in wanted.items():
        if key not in names:
            raise _Refused(400, "Base.1.18.PropertyUnknown", f"Boot has no {key}")
        values[names[key]] = value
    try:
        return msgspec.convert(values, BootOverride)
    except msgspec.ValidationError as wrong:
        raise _Refused(400, "Base.1.18.PropertyValueNotInList", str(wrong)) from wrong


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as wrong:
        raise _Refused(400, "Base.1.18.MalformedJSON", str(wrong)) from wrong
    if not isinstance(body, dict):
        raise _Refused(400, "Base.1.18.MalformedJSON", "the body is no object")
    return body


def _etag(found: Json) -> str:
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    return f'W/"{digest[:16]}"'


def _error(refused: _Refused) -> web.Response:
    info = [{"MessageId": refused.id, "Message": str(refused)}]
    body = {"error": {"code": refused.id, "message": str(refused), "@Message.ExtendedInfo": info}}
    headers = {"WWW-Authenticate": 'Basic realm="BMC"'} if refused.status == 401 else {}
    return web.json_response(body, status=refused.status, headers=headers)
