"""A TLS peer that speaks just enough SOAP: each method's answer is scripted, each call is recorded."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.unit.wire.impostor import Identity

Answer = Callable[["Handler", str], str | None]
"""Takes the handler and the request; returns the reply's body, or None where it dealt with it itself."""

USER, PASSWORD = "recovery@vsphere.local", "opensesame"

CONTENT = """<RetrieveServiceContentResponse xmlns="urn:vim25"><returnval>
<rootFolder type="Folder">group-d1</rootFolder>
<propertyCollector type="PropertyCollector">propertyCollector</propertyCollector>
<viewManager type="ViewManager">ViewManager</viewManager>
<about><name>VMware vCenter Server</name><fullName>VMware vCenter Server 8.0.3</fullName>
<vendor>VMware, Inc.</vendor><version>8.0.3</version><build>24022515</build><osType>linux-x64</osType>
<productLineId>vpx</productLineId><apiType>VirtualCenter</apiType><apiVersion>8.0.3.0</apiVersion></about>
<sessionManager type="SessionManager">SessionManager</sessionManager>
<setting type="OptionManager">VpxSettings</setting>
</returnval></RetrieveServiceContentResponse>"""


class SoapPeer:
    """Listens on loopback. `answers` maps a method on the wire to its Answer; `calls` is what came."""

    def __init__(self, folder: Path, name: str = "vcenter") -> None:
        self.identity = Identity(folder, name)
        self.calls: list[str] = []
        self.requests: list[str] = []
        self.actions: list[str] = []
        self.answers: dict[str, Answer] = {
            "RetrieveServiceContent": lambda _handler, _request: CONTENT,
            "Login": _login,
            "Logout": lambda _handler, _request: '<LogoutResponse xmlns="urn:vim25"/>',
        }
        handler = type("BoundHandler", (Handler,), {"peer": self})
        self._server = _TlsServer(("127.0.0.1", 0), handler)
        self._server.context = self.identity.context()
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def count(self, method: str) -> int:
        return self.calls.count(method)


class _TlsServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    context: Any = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            with self.context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        except OSError:
            return


class Handler(BaseHTTPRequestHandler):
    """Finds the method in the body and gives its scripted answer."""

    protocol_version = "HTTP/1.1"
    peer: SoapPeer

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = re.search(r"<(?:\w+:)?Body[^>]*>\s*<(\w+)", request)
        method = found[1] if found else ""
        self.peer.calls.append(method)
        self.peer.requests.append(request)
        self.peer.actions.append(self.headers.get("SOAPAction", ""))
        body = self.peer.answers[method](self, request)
        if body is not None:
            self.reply(body, 500 if "<soapenv:Fault>" in body else 200)

    def reply(self, body: str, status: int = 200, *, whole: bool = True) -> None:
        """Sends a SOAP reply; `whole=False` announces more than it sends."""
        data = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
            f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
        ).encode()
        self.raw(data, status, len(data) if whole else len(data) + 100)

    def raw(self, data: bytes, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Set-Cookie", 'vmware_soap_session="abc"; Path=/; HttpOnly; Secure')
        self.end_headers()
        self.wfile.write(data)
        if length > len(data):
            self.cut()

    def cut(self) -> None:
        """Ends the connection at once."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        return


def fault(name: str, words: str = "no", fields: str = "") -> str:
    """A fault of the server."""
    return (
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode>"
        f"<faultstring>{words}</faultstring><detail>"
        f'<{name}Fault xmlns="urn:vim25" xsi:type="{name}">{fields}</{name}Fault></detail></soapenv:Fault>'
    )


def _login(_handler: Handler, request: str) -> str:
    if f">{PASSWORD}</password>" not in request:
        return fault("InvalidLogin", "Cannot complete login due to an incorrect user name or password.")
    return (
        '<LoginResponse xmlns="urn:vim25"><returnval><key>k</key><userName>u</userName><fullName>u</fullName>'
        "<loginTime>2026-11-22T08:00:00Z</loginTime><lastActiveTime>2026-11-22T08:00:00Z</lastActiveTime>"
        "<locale>en</locale><messageLocale>en</messageLocale></returnval></LoginResponse>"
    )
