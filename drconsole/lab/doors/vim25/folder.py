"""Files of datastores over HTTPS: `GET /folder/PATH?dcPath=DATACENTER&dsName=DATASTORE`.

Whoever may call the server may read here: with the session's cookie, or with Basic authentication.
"""

from __future__ import annotations

import base64
import binascii

from aiohttp import web

from drconsole.lab.world.vim.esxi.files import download
from drconsole.lab.world.vim.objects import Endpoint
from drconsole.lab.world.vim.registry import wsdl_type
from drconsole.lab.world.vim.sessions import Session

PREFIX = "/folder/"


async def serve_file(
    endpoint: Endpoint, request: web.BaseRequest, session: Session | None
) -> web.StreamResponse:
    """Answers one request for a file: 200 with its bytes, 401, 404 or 405."""
    if session is None and not _basic(endpoint, request):
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="VMware HTTP server"'})
    if request.method not in {"GET", "HEAD"}:
        raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
    query = request.query
    try:
        data = download(
            endpoint, request.path.removeprefix(PREFIX), query.get("dcPath", ""), query.get("dsName", "")
        )
    except FileNotFoundError as missing:
        raise web.HTTPNotFound(text="no such file") from missing
    return web.Response(body=data, content_type="application/octet-stream")


def _basic(endpoint: Endpoint, request: web.BaseRequest) -> bool:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        session = endpoint.sessions.login(user, password, request.remote or "")
    except (binascii.Error, UnicodeDecodeError, wsdl_type("InvalidLogin")):
        return False
    endpoint.sessions.end(session)
    return True
