"""A scripted inventory: objects as XML fragments, served by the property collector's two methods."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.unit.vsphere.soap_peer import Handler, SoapPeer, fault

Objects = dict[str, str]
"""Id → the inside of its `objects` element after `obj`, made by `thing`."""


def thing(wsdl: str, id: str, **props: str) -> tuple[str, str]:
    """Returns an object of a reply; a property's name is written with `__` for its dots."""
    sets = "".join(
        f"<propSet><name>{name.replace('__', '.')}</name>{value}</propSet>" for name, value in props.items()
    )
    return id, f'<objects><obj type="{wsdl}">{id}</obj>{sets}</objects>'


def string(text: str) -> str:
    return f'<val xsi:type="xsd:string">{text}</val>'


def ref(wsdl: str, id: str) -> str:
    return f'<val type="{wsdl}" xsi:type="ManagedObjectReference">{id}</val>'


def strings(*texts: str) -> str:
    inner = "".join(f"<string>{text}</string>" for text in texts)
    return f'<val xsi:type="ArrayOfString">{inner}</val>'


class InventoryPeer:
    """Serves `rounds` of inventories: the first answer is the first, later ones the next, the last stays."""

    def __init__(self, peer: SoapPeer, *rounds: Objects, options: dict[str, str] | None = None) -> None:
        self.peer = peer
        self.rounds = list(rounds)
        self.options = options or {}
        self.page = 1000
        self.unknown: set[str] = set()
        self._pages: list[list[str]] = []
        answers: dict[str, Callable[[Handler, str], str | None]] = {
            "CreateContainerView": lambda _handler, _request: (
                '<CreateContainerViewResponse xmlns="urn:vim25"><returnval type="ContainerView">view-1'
                "</returnval></CreateContainerViewResponse>"
            ),
            "DestroyView": lambda _handler, _request: '<DestroyViewResponse xmlns="urn:vim25"/>',
            "RetrievePropertiesEx": self._retrieve,
            "ContinueRetrievePropertiesEx": lambda _handler, _request: self._next("Continue"),
            "QueryOptions": self._option,
        }
        peer.answers.update(answers)

    def _retrieve(self, _handler: Handler, request: str) -> str:
        for path in self.unknown:
            if f">{path}<" in request:
                return fault("InvalidProperty", fields=f"<name>{path}</name>")
        objects = self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]
        wanted = set(re.findall(r"<obj [^>]*>([^<]+)</obj>", request))
        if "view-1" not in wanted:
            objects = {id: body for id, body in objects.items() if id in wanted}
        bodies = list(objects.values())
        self._pages = [bodies[i : i + self.page] for i in range(0, len(bodies), self.page)] or [[]]
        return self._next("")

    def _next(self, prefix: str) -> str:
        page = self._pages.pop(0)
        token = f"<token>{len(self._pages)}</token>" if self._pages else ""
        name = f"{prefix}RetrievePropertiesExResponse"
        return f'<{name} xmlns="urn:vim25"><returnval>{token}{"".join(page)}</returnval></{name}>'

    def _option(self, _handler: Handler, request: str) -> str:
        for name, value in self.options.items():
            if f">{name}<" in request:
                return (
                    '<QueryOptionsResponse xmlns="urn:vim25"><returnval xsi:type="OptionValue">'
                    f'<key>{name}</key><value xsi:type="xsd:string">{value}</value></returnval>'
                    "</QueryOptionsResponse>"
                )
        return fault("InvalidName", fields="<name>x</name>")
