"""What a session does when the other side refuses, hangs, dies, forgets or lies."""

from __future__ import annotations

import asyncio
import re
import time

import msgspec
import pytest
from pyVmomi import vim

from drconsole.errors import (
    DeadlinePassed,
    OutcomeUnknown,
    PinMismatch,
    Unreachable,
    WrongCredentials,
)
from drconsole.platforms.vsphere.collect import over_objects, retrieve
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.hosts import list_hosts
from drconsole.platforms.vsphere.session import Session
from drconsole.settings.values import Endpoint, Settings
from tests.unit.vsphere.soap_peer import Handler, SoapPeer, fault

TIME = (
    '<CurrentTimeResponse xmlns="urn:vim25"><returnval>2026-11-22T08:00:00Z</returnval></CurrentTimeResponse>'
)
CREATED = (
    '<CreateFolderResponse xmlns="urn:vim25"><returnval type="Folder">group-v9</returnval>'
    "</CreateFolderResponse>"
)


async def ask_the_time(session: Session) -> object:
    return await session.invoke(vim.ServiceInstance("ServiceInstance"), "CurrentTime")


async def create_a_folder(session: Session) -> object:
    return await session.invoke(vim.Folder("group-v3"), "CreateFolder", name="a")


async def test_it_logs_in_once_and_out_again(peer: SoapPeer, endpoint: Endpoint, settings: Settings) -> None:
    peer.answers["CurrentTime"] = lambda _handler, _request: TIME
    async with await Session.open(endpoint, settings) as session:
        await asyncio.gather(*(ask_the_time(session) for _ in range(10)))
    assert peer.count("Login") == 1
    assert peer.calls[-1] == "Logout"


async def test_it_speaks_the_newest_version_that_both_know(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    async with await Session.open(endpoint, settings):
        pass
    assert peer.actions[0] == '"urn:vim25/6.5"'
    assert peer.actions[-1] == '"urn:vim25/8.0.3.0"'


async def test_a_wrong_password_is_never_sent_twice(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_PASSWORD", "wrong")
    for _attempt in range(3):
        with pytest.raises(WrongCredentials) as refusal:
            await Session.open(endpoint, settings, about="pittsburgh")
    assert peer.count("Login") == 1
    assert refusal.value.about == "pittsburgh"
    assert "wrong" not in str(refusal.value)
    monkeypatch.setenv("SCRIPTED_PASSWORD", "opensesame")
    async with await Session.open(endpoint, settings):
        assert peer.count("Login") == 2


async def test_an_impostor_gets_no_password(peer: SoapPeer, endpoint: Endpoint, settings: Settings) -> None:
    with pytest.raises(PinMismatch):
        await Session.open(msgspec.structs.replace(endpoint, pin=f"sha256:{'0' * 64}"), settings)
    assert peer.calls == []


async def test_nobody_there(endpoint: Endpoint, settings: Settings) -> None:
    with pytest.raises(Unreachable) as refusal:
        await Session.open(msgspec.structs.replace(endpoint, address="127.0.0.1:1"), settings)
    assert not isinstance(refusal.value, DeadlinePassed)


async def test_a_call_that_hangs_ends_at_its_deadline(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    def hang(_handler: Handler, _request: str) -> str:
        time.sleep(2)
        return TIME

    peer.answers["CurrentTime"] = hang
    async with await Session.open(endpoint, settings) as session:
        began = time.monotonic()
        with pytest.raises(DeadlinePassed, match="CurrentTime"):
            await session.invoke(vim.ServiceInstance("ServiceInstance"), "CurrentTime", _seconds=0.3)
        assert time.monotonic() - began < 1.5


async def test_a_reply_that_drips_ends_at_the_deadline_too(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    def drip(handler: Handler, _request: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _byte in range(20):
            handler.wfile.write(b" ")
            time.sleep(0.1)

    peer.answers["CurrentTime"] = drip
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(DeadlinePassed):
            await session.invoke(vim.ServiceInstance("ServiceInstance"), "CurrentTime", _seconds=0.5)


async def test_a_read_that_dies_in_the_middle_is_repeated_once(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    def die_first(handler: Handler, _request: str) -> str | None:
        if peer.count("CurrentTime") == 1:
            handler.reply(TIME, whole=False)
            return None
        return TIME

    peer.answers["CurrentTime"] = die_first
    async with await Session.open(endpoint, settings) as session:
        assert await ask_the_time(session)
    assert peer.count("CurrentTime") == 2


async def test_a_read_that_keeps_dying_is_unreachable(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    peer.answers["CurrentTime"] = lambda handler, _request: handler.cut()
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(Unreachable):
            await ask_the_time(session)
    assert peer.count("CurrentTime") == 2


@pytest.mark.parametrize("half", [True, False])
async def test_a_write_that_dies_in_the_middle_is_unknown_and_not_repeated(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings, half: bool
) -> None:
    def die(handler: Handler, _request: str) -> None:
        if half:
            handler.reply(CREATED, whole=False)
        else:
            handler.cut()

    peer.answers["CreateFolder"] = die
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(OutcomeUnknown) as unknown:
            await create_a_folder(session)
    assert peer.count("CreateFolder") == 1
    assert unknown.value.about == "Folder group-v3"


async def test_a_late_write_is_unknown(peer: SoapPeer, endpoint: Endpoint, settings: Settings) -> None:
    def late(_handler: Handler, _request: str) -> str:
        time.sleep(1)
        return CREATED

    peer.answers["CreateFolder"] = late
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(OutcomeUnknown, match="whether it acted"):
            await session.invoke(vim.Folder("group-v3"), "CreateFolder", name="a", _seconds=0.3)


PAGES = {
    "a page": b"<html><body>Please log in</body></html>",
    "half a reply": b'<?xml version="1.0"?>\n<soapenv:Envelope xmlns:soapenv="x"><soapenv:Body><Crea',
    "another reply": b'<e:Envelope xmlns:e="x"><e:Body><odd/></e:Body></e:Envelope>',
}


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
async def test_what_is_no_reply_of_the_server_is_never_a_success(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings, body: bytes, status: int
) -> None:
    for method in ("CreateFolder", "CurrentTime", "RetrievePropertiesEx", "CreateContainerView"):
        peer.answers[method] = lambda handler, _request: handler.raw(body, status, len(body))
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(OutcomeUnknown):
            await create_a_folder(session)
        for reading in (ask_the_time(session), list_hosts(session)):
            with pytest.raises(Unreachable):
                await reading
    assert peer.count("CreateFolder") == 1


async def test_an_empty_page_is_no_empty_inventory(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    page = PAGES["a page"]
    peer.answers["RetrievePropertiesEx"] = lambda handler, _request: handler.raw(page, 200, len(page))
    async with await Session.open(endpoint, settings) as session:
        spec = over_objects([("HostSystem", "host-1")], {"HostSystem": ("name",)})
        with pytest.raises(Unreachable, match="none of the vSphere API"):
            await retrieve(session, spec, lambda _found: None)


async def test_a_read_and_its_repetition_share_one_deadline(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    def die_late(handler: Handler, _request: str) -> None:
        time.sleep(0.4)
        handler.cut()

    peer.answers["CurrentTime"] = die_late
    async with await Session.open(endpoint, settings) as session:
        began = time.monotonic()
        with pytest.raises(DeadlinePassed):
            await session.invoke(vim.ServiceInstance("ServiceInstance"), "CurrentTime", _seconds=0.6)
        assert time.monotonic() - began < 1.2


async def test_an_expired_session_is_renewed_once_and_reads_repeated(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    peer.answers["CurrentTime"] = lambda _handler, _request: (
        fault("NotAuthenticated", fields='<object type="ServiceInstance">ServiceInstance</object>')
        if peer.count("Login") < 2
        else TIME
    )
    async with await Session.open(endpoint, settings) as session:
        await asyncio.gather(*(ask_the_time(session) for _ in range(5)))
    assert peer.count("Login") == 2


async def test_an_expired_session_leaves_a_write_to_its_caller(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    peer.answers["CreateFolder"] = lambda _handler, _request: (
        fault("NotAuthenticated", fields='<object type="Folder">group-v3</object>')
        if peer.count("Login") < 2
        else CREATED
    )
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(OutcomeUnknown, match="expired"):
            await create_a_folder(session)
        assert peer.count("CreateFolder") == 1
        assert await create_a_folder(session) is not None


async def test_a_session_that_cannot_be_renewed_tries_the_password_once(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    logins = peer.answers["Login"]
    peer.answers["Login"] = lambda handler, request: (
        logins(handler, request) if peer.count("Login") == 1 else fault("InvalidLogin")
    )
    peer.answers["CurrentTime"] = lambda _handler, _request: fault("NotAuthenticated")
    async with await Session.open(endpoint, settings) as session:
        for _attempt in range(3):
            with pytest.raises(WrongCredentials):
                await ask_the_time(session)
    assert peer.count("Login") == 2


async def test_a_fault_names_the_object_and_keeps_the_servers_words(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    peer.answers["CreateFolder"] = lambda _handler, _request: fault(
        "DuplicateName",
        "The name 'a' already exists.",
        '<name>a</name><object type="Folder">group-v8</object>',
    )
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(Fault) as refusal:
            await create_a_folder(session)
    assert refusal.value.code == "DuplicateName"
    assert refusal.value.about == "Folder group-v3"
    assert "already exists" in refusal.value.message
    assert refusal.value.fault.object._moId == "group-v8"


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "eeee">]><x>&e;</x>',
        b"\n" * 5000 + b"<!DOCTYPE x><x/>",
        b"{}",
    ],
    ids=["entity", "hidden behind blanks", "JSON"],
)
async def test_a_reply_with_a_document_type_or_none_at_all_is_refused(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings, body: bytes
) -> None:
    peer.answers["CurrentTime"] = lambda handler, _request: handler.raw(body, 200, len(body))
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(Unreachable, match="plain XML"):
            await ask_the_time(session)


async def test_a_server_that_is_still_starting_is_unreachable(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    peer.answers["RetrieveServiceContent"] = lambda handler, _request: handler.raw(b"starting", 503, 8)
    with pytest.raises(Unreachable, match="503"):
        await Session.open(endpoint, settings)


def task_info(state: str, rest: str = "") -> str:
    return (
        '<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects><obj type="Task">task-1</obj>'
        f'<propSet><name>info.state</name><val xsi:type="TaskInfoState">{state}</val></propSet>{rest}'
        "</objects></returnval></RetrievePropertiesExResponse>"
    )


async def test_a_task_is_waited_for(peer: SoapPeer, endpoint: Endpoint, settings: Settings) -> None:
    states = iter(["queued", "running", "success"])

    result = '<propSet><name>info.result</name><val xsi:type="xsd:string">made</val></propSet>'

    def answer(_handler: Handler, request: str) -> str:
        state = next(states)
        return task_info(state, result if state == "success" else "")

    peer.answers["RetrievePropertiesEx"] = answer
    async with await Session.open(endpoint, settings) as session:
        assert await session.wait_task(vim.Task("task-1"), 5) == "made"


async def test_a_task_that_fails_raises_its_fault(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    failed = (
        '<propSet><name>info.error</name><val xsi:type="LocalizedMethodFault">'
        '<fault xsi:type="InvalidHostState"><host type="HostSystem">host-9</host></fault>'
        "<localizedMessage>The operation is not allowed now.</localizedMessage></val></propSet>"
    )
    peer.answers["RetrievePropertiesEx"] = lambda _handler, _request: task_info("error", failed)
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(Fault, match="not allowed") as refusal:
            await session.wait_task(vim.Task("task-1"), 5, about="esx-01")
    assert (refusal.value.code, refusal.value.about) == ("InvalidHostState", "esx-01")


async def test_a_task_that_never_ends_and_one_that_is_forgotten(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    peer.answers["RetrievePropertiesEx"] = lambda _handler, _request: task_info("running")
    async with await Session.open(endpoint, settings) as session:
        with pytest.raises(DeadlinePassed, match="still works"):
            await session.wait_task(vim.Task("task-1"), 0.3)
        peer.answers["RetrievePropertiesEx"] = lambda _handler, _request: fault(
            "ManagedObjectNotFound", fields='<obj type="Task">task-1</obj>'
        )
        with pytest.raises(OutcomeUnknown, match="forgotten"):
            await session.wait_task(vim.Task("task-1"), 1)


async def test_properties_are_not_read_behind_the_sessions_back(
    peer: SoapPeer, endpoint: Endpoint, settings: Settings
) -> None:
    peer.answers["CreateFolder"] = lambda _handler, _request: CREATED
    async with await Session.open(endpoint, settings) as session:
        folder: vim.Folder = await create_a_folder(session)  # type: ignore[assignment]  # pyVmomi's object
        before = len(peer.calls)
        with pytest.raises(TypeError, match=re.escape("Session.read")):
            _ = folder.name
        assert len(peer.calls) == before
