"""The property collector, streamed: one filter over all objects, read page by page as it arrives."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple

from lxml import etree
from pyVmomi import VmomiSupport, vmodl

from drconsole.errors import Unreachable
from drconsole.platforms.vsphere import soap
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.leaves import NS, Props
from drconsole.platforms.vsphere.session import Session

PAGE = 250
"""Objects a page; 250–500 are best on current servers, and old simulators ignore it."""
_TAGS = (f"{NS}objects", f"{NS}token")
_PROLOGUE = 4096
_PIECE = 1 << 16
"""Bytes parsed at once: the tree of so many is read and emptied while it is still in the CPU's cache."""

_RESTARTS = 3

Paths = Mapping[str, tuple[str, ...]]
"""Managed type on the wire → property paths."""

_query = vmodl.query.PropertyCollector


class Found(NamedTuple):
    """An object of a reply. `props` are valid only until the next object is asked for.

    `missing` are the paths that the server would not read, with the name of the fault.
    """

    id: str
    wsdl: str
    props: Props
    missing: dict[str, str]


Sink = Callable[[Found], None]


@asynccontextmanager
async def everything(session: Session, types: Iterable[str] = ()) -> AsyncIterator[Any]:
    """Gives a container view of the whole inventory, of these managed types or of all, and removes it."""
    view = await session.invoke(
        session.content.viewManager,
        "CreateContainerView",
        container=session.content.rootFolder,
        type=[managed(name) for name in types],
        recursive=True,
    )
    try:
        yield view
    finally:
        await _forget(session, view)


async def _forget(session: Session, view: Any) -> None:
    try:
        await session.invoke(view, "DestroyView")
    except (Fault, Unreachable):
        return  # it goes with the session


def over_view(session: Session, view: Any, paths: Paths) -> Any:
    """Returns the filter of all objects of a view, and of the inventory's root folder."""
    step = _query.TraversalSpec(name="all", type=type(view), path="view", skip=False)
    return _query.FilterSpec(
        objectSet=[
            _query.ObjectSpec(obj=view, skip=True, selectSet=[step]),
            _query.ObjectSpec(obj=session.content.rootFolder),
        ],
        propSet=_specs(paths),
        reportMissingObjectsInResults=True,
    )


def over_objects(objects: Iterable[tuple[str, str]], paths: Paths) -> Any:
    """Returns the filter of single objects, given as (managed type, id); missing ones are no fault."""
    return _query.FilterSpec(
        objectSet=[_query.ObjectSpec(obj=managed(wsdl)(moid)) for wsdl, moid in objects],
        propSet=_specs(paths),
        reportMissingObjectsInResults=True,
    )


async def retrieve(session: Session, spec: Any, sink: Sink) -> None:
    """Reads all pages of a filter and hands each object to `sink`, in the order of the reply.

    Where the session expires in between, the reading starts again: the sink sees objects twice.
    Raises Fault (code InvalidProperty names a path that the server does not know) and Unreachable.
    """
    for _attempt in range(_RESTARTS):
        generation = session.generation
        try:
            await _pages(session, spec, sink)
        except Fault:
            if session.generation == generation:
                raise
        else:
            return
    raise Unreachable("the session expires faster than the inventory is read", about=session.about)


async def _pages(session: Session, spec: Any, sink: Sink) -> None:
    collector = session.content.propertyCollector
    options = _query.RetrieveOptions(maxObjects=PAGE)
    first = {"specSet": [spec], "options": options}
    call = session.soap.record(collector, "RetrievePropertiesEx", first)
    while token := await _page(session, call, sink):
        call = session.soap.record(collector, "ContinueRetrievePropertiesEx", {"token": token})


async def _page(session: Session, call: soap.Call, sink: Sink) -> str:
    """Reads one page and returns the token of the next one, "" after the last."""

    async def attempt() -> str:
        token = ""
        async with aclosing(stream(session, call, session.call_seconds, _TAGS)) as elements:
            async for element in elements:
                if not is_inside(element, "returnval"):
                    continue
                if element.tag == _TAGS[1]:
                    token = element.text or ""
                else:
                    sink(found_in(element))
        return token

    return await session.repeating(call, attempt, session.about, session.call_seconds)


async def stream(
    session: Session, call: soap.Call, seconds: float, tags: tuple[str, ...]
) -> AsyncGenerator[etree._Element, None]:
    """Yields the elements of these tags as a reply arrives; each is emptied when the next is asked for.

    Raises Lost, Expired, Fault, DeadlinePassed and Unreachable (also for a reply that is no plain XML).
    """
    async with session.soap.post(call, seconds) as answer:
        if answer.status != 200:
            await _raise_fault(session, call, answer)
        reader = Reader(tags, session.about, call.answer)
        async for chunk in soap.chunks(answer, soap.REPLY_LIMIT, session.about):
            for element in reader.feed(chunk):
                yield element
        for element in reader.close():
            yield element


async def _raise_fault(session: Session, call: soap.Call, answer: Any) -> None:
    body = bytearray()
    async for chunk in soap.chunks(answer, soap.OBJECT_LIMIT, session.about):
        body += chunk
    session.raised(session.soap.understood(call, body), session.about)
    raise soap.Unusable("answered with an error that is no fault", about=session.about)


class Reader:
    """Parses a reply piece by piece. No document type, no entities, no network, bounded depth. `expected`
    is the name of the element that it must consist of."""

    def __init__(self, tags: tuple[str, ...], about: str, expected: bytes) -> None:
        self._about = about
        self._expected = expected
        self._start = b""
        self._parser = etree.XMLPullParser(
            events=("end",),
            tag=tags,
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            recover=False,
            collect_ids=False,
            remove_comments=True,
            remove_pis=True,
        )

    def feed(self, chunk: bytes) -> Iterator[etree._Element]:
        """Takes bytes and yields the elements that they complete."""
        if len(self._start) < _PROLOGUE:
            self._start = (self._start + chunk)[:_PROLOGUE]
            soap.plain(bytearray(self._start), self._about)
        try:
            for start in range(0, len(chunk), _PIECE):
                self._parser.feed(chunk[start : start + _PIECE])
                yield from self._ready()
        except etree.XMLSyntaxError as error:
            raise soap.Unusable(f"does not answer in plain XML: {error.msg}", about=self._about) from error

    def close(self) -> Iterator[etree._Element]:
        """Ends the reply; raises soap.Lost where it was cut off, soap.Unusable where it was no reply at all:
        a page of somebody else's would pass for an empty inventory."""
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            raise soap.Lost(f"the reply ends early: {error.msg}") from error
        if self._expected not in self._start:
            raise soap.Unusable("sends a page that is none of the vSphere API", about=self._about)
        yield from self._ready()

    def _ready(self) -> Iterator[etree._Element]:
        for _event, element in self._parser.read_events():
            assert isinstance(element, etree._Element)
            yield element
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]


def is_inside(element: etree._Element, name: str) -> bool:
    """True where an element's parent has this name: values may hold elements of any name."""
    parent = element.getparent()
    return parent is not None and parent.tag == NS + name


def found_in(element: etree._Element) -> Found:
    """Returns the object of an `objects` element: `obj`, `propSet`s, `missingSet`s."""
    on, *rest = element
    props: Props = {}
    missing: dict[str, str] = {}
    for part in rest:
        if part.tag == _PROP_SET:
            props[part[0].text or ""] = part[1]
        elif part.tag == _MISSING_SET:
            missing[part[0].text or ""] = _fault_name(part)
    return Found(on.text or "", on.get("type") or "", props, missing)


_PROP_SET, _MISSING_SET = f"{NS}propSet", f"{NS}missingSet"


def _fault_name(part: etree._Element) -> str:
    for fault in part.iter(f"{NS}fault"):
        for name, value in fault.attrib.items():
            if str(name).endswith("}type"):
                return str(value).rpartition(":")[2]
    return "unreadable"


def managed(wsdl: str) -> Any:
    """Returns pyVmomi's class of a managed type by its name on the wire."""
    return VmomiSupport.GetWsdlType("urn:vim25", wsdl)


def _specs(paths: Paths) -> list[Any]:
    return [_query.PropertySpec(type=managed(wsdl), pathSet=list(asked)) for wsdl, asked in paths.items()]
