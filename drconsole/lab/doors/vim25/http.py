"""vim25 over HTTP: one request in, one call on the endpoint, one answer out."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any

from aiohttp import web
from lxml import etree

from drconsole.lab.doors.vim25 import contents, decode
from drconsole.lab.doors.vim25.encode import text, writer
from drconsole.lab.doors.vim25.folder import PREFIX, serve_file
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.dispatch import invoke, result_type
from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.objects import Endpoint
from drconsole.lab.world.vim.paths import parse
from drconsole.lab.world.vim.registry import is_array, methods, vmomi, wire_name, wsdl_type

COOKIE = "vmware_soap_session"
LARGEST = 64 * 1024 * 1024
_FAULT = vmomi.GetVmodlType("vmodl.MethodFault")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n'
)
contents.teach()
_TAIL = "\n</soapenv:Body>\n</soapenv:Envelope>"


async def handle(endpoint: Endpoint, request: web.BaseRequest) -> web.StreamResponse:
    """Answers one HTTP request to a vSphere server: SOAP on /sdk, and the list of API versions."""
    path = request.path.rstrip("/")
    if request.method == "GET" and path in {"/sdk/vimServiceVersions.xml", "/sdk/vimService.wsdl"}:
        return web.Response(text=versions(endpoint.version), content_type="text/xml")
    if request.path.startswith(PREFIX):
        return await serve_file(endpoint, request, endpoint.sessions.find(_cookie(request)))
    if path not in {"/sdk", "/sdk/vimService"}:
        raise web.HTTPNotFound
    if request.method != "POST":
        raise web.HTTPMethodNotAllowed(request.method, ["POST"])
    data = await request.read()
    if len(data) > LARGEST:
        raise web.HTTPRequestEntityTooLarge(LARGEST, len(data))
    session = endpoint.sessions.find(_cookie(request))
    call = Call(endpoint, session, initiator=request.remote or "")
    response = await answer(call, data, client_version(endpoint, request.headers.get("SOAPAction", "")))
    _keep_cookie(call, response, had=session is not None)
    return response


async def answer(call: Call, data: bytes, version: str) -> web.Response:
    """Carries out one SOAP request and returns its response; a fault has status 500."""
    try:
        element = decode.body(data)
        method = etree.QName(element).localname
        target = call.endpoint.at(decode.target(element))
        info = methods(wsdl_type(target.wsdl)).get(method) or (_FETCH if method == "Fetch" else None)
        if info is None:
            raise fault("MethodNotFound", receiver=target.ref(), method=method)
        result = await invoke(call, target, method, decode.arguments(element, info, call.endpoint.version))
        declared = _fetched(target.wsdl, element) if method == "Fetch" else result_type(info)
        status, inner = 200, _returned(method, declared, result, version, anyhow=method == "Fetch")
    except _FAULT as error:
        status, inner = 500, _faulted(error, version)
    return web.Response(
        status=status, body=f"{_HEAD}{inner}{_TAIL}".encode(), content_type="text/xml", charset="utf-8"
    )


def client_version(endpoint: Endpoint, action: str) -> str:
    """Returns the API version that a SOAPAction (quoted or not) asks for, the endpoint's where it is
    unknown or newer."""
    try:
        version = str(vmomi.GetVersionFromVersionUri(action.strip('" ')))
    except KeyError:
        return endpoint.version
    return version if vmomi.IsChildVersion(endpoint.version, version) else endpoint.version


def versions(newest: str) -> str:
    """Returns the document by which clients learn which API versions a server speaks."""
    known = [v for v in vmomi.GetServiceVersions("vim25") if vmomi.IsChildVersion(newest, v)]
    ids = [vmomi.versionIdMap[version] for version in known if vmomi.versionIdMap[version]]
    older = "".join(f"<version>{item}</version>" for item in ids[1:])
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<namespaces version="1.0"><namespace>'
        f"<name>urn:vim25</name><version>{ids[0]}</version><priorVersions>{older}</priorVersions>"
        "</namespace></namespaces>"
    )


class _Fetch:
    """What the registry says of a method, for the one that it does not list."""

    class _Prop:
        name = "prop"
        type = str
        flags = 0
        version = "vim.version.version1"

    wsdlName = "Fetch"  # noqa: N815 - the registry's name
    params = (_Prop,)
    methodResult = object  # noqa: N815


_FETCH = _Fetch


def _fetched(wsdl: str, element: Any) -> Any:
    return parse(wsdl, decode.arguments(element, _FETCH, "vim.version.version1")["prop"]).declared


def _returned(method: str, declared: Any, result: Any, version: str, *, anyhow: bool) -> str:
    out: list[str] = []
    if result is not None:
        value = result.ref() if hasattr(result, "ref") else result
        if anyhow:
            out.append(writer(version).typed("returnval", declared, value))
        elif is_array(declared) and not isinstance(value, list):
            writer(version).element("returnval", declared, list(value), out)
        else:
            writer(version).element("returnval", declared, value, out)
    return f'<{method}Response xmlns="urn:vim25">{"".join(out)}</{method}Response>'


def _faulted(error: Any, version: str) -> str:
    return (
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode>"
        f"<faultstring>{text(error.msg or wire_name(type(error)))}</faultstring>"
        f"<detail>{writer(version).fault(error)}</detail></soapenv:Fault>"
    )


def _cookie(request: web.BaseRequest) -> str:
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(request.headers.get("Cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value.strip('"') if COOKIE in cookies else ""


def _keep_cookie(call: Call, response: web.Response, *, had: bool) -> None:
    if call.session is not None and not had:
        response.headers["Set-Cookie"] = f'{COOKIE}="{call.session.key}"; Path=/; HttpOnly; Secure;'
