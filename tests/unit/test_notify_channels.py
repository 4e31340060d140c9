"""Notices arrive at foreign servers: over TLS that is checked, signed, once to be told from a repeat."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import socket
from pathlib import Path

import pytest

from drconsole.errors import DeviceError, DRConsoleError, PinMismatch, Unreachable, WrongCredentials
from drconsole.service.notify.kinds import Body, Item
from drconsole.service.notify.mail import Mail
from drconsole.service.notify.message import Message, message
from drconsole.service.notify.syslog import SystemLog
from drconsole.service.notify.webhook import Hook
from drconsole.settings.values import Security, Smtp, Syslog, Webhook
from tests.unit.notify_servers.hooks import webhook_server
from tests.unit.notify_servers.mails import mail_server

OTHER = "sha256:" + "0" * 64
QUICK_S = 2.0


def notice() -> Message:
    item = Item(
        "2026-11-22T10:00:00.000Z",
        "provision/esx-01/ready",
        "BMC says \x1b]0;no\x07 ünd nö",
        ("drconsole run retry R-1 provision/esx-01/ready",),
    )
    body = Body(run="R-1", site="pittsburgh", mode="drill", kind="failed", count=12, items=(item,))
    return message(body, "R-1.failed.7")


def test_a_message_says_what_where_and_what_to_type_and_nothing_that_acts_on_a_terminal() -> None:
    said = notice()
    assert said.summary == "R-1 (drill of pittsburgh) has failures: 12 events"
    assert r"BMC says \x1b]0;no\x07 ünd nö" in said.text
    assert "drconsole run retry R-1 provision/esx-01/ready" in said.text
    assert "and 11 more" in said.text
    assert "\x1b" not in said.text


async def test_a_webhook_gets_json_that_its_secret_proves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "canary")
    async with webhook_server(tmp_path) as server:
        hook = Webhook(url=server.url, secret="env:HOOK", pin=server.identity.pin)
        await Hook(hook, QUICK_S).send(notice())
    ((headers, body),) = server.calls
    assert headers["Idempotency-Key"] == "R-1.failed.7"
    signed = f"{headers['X-DRConsole-Timestamp']}.".encode() + body
    proof = hmac.new(b"canary", signed, hashlib.sha256).hexdigest()
    assert headers["X-DRConsole-Signature"] == f"sha256={proof}"
    (told,) = server.taken
    assert (told["kind"], told["run"], told["count"]) == ("failed", "R-1", 12)
    assert told["items"][0]["step"] == "provision/esx-01/ready"
    assert b"canary" not in body


async def test_another_certificate_than_the_pinned_one_is_told_nothing(tmp_path: Path) -> None:
    async with webhook_server(tmp_path) as server:
        with pytest.raises(PinMismatch):
            await Hook(Webhook(url=server.url, pin=OTHER), QUICK_S).send(notice())
        assert server.calls == []


async def test_without_a_pin_the_systems_authorities_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with webhook_server(tmp_path) as server:
        with pytest.raises(Unreachable, match=r"(?i)certificate"):
            await Hook(Webhook(url=server.url), QUICK_S).send(notice())
        assert server.calls == []
        monkeypatch.setenv("SSL_CERT_FILE", str(server.identity.file))
        await Hook(Webhook(url=server.url), QUICK_S).send(notice())
        assert len(server.calls) == 1


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_only_a_success_is_one(tmp_path: Path, status: int) -> None:
    async with webhook_server(tmp_path, status) as server:
        with pytest.raises(DeviceError, match=str(status)):
            await Hook(Webhook(url=server.url, pin=server.identity.pin), QUICK_S).send(notice())
        assert len(server.calls) == 1


async def test_a_webhook_that_hangs_is_let_go(tmp_path: Path) -> None:
    async with webhook_server(tmp_path, 0) as server:
        with pytest.raises(Unreachable, match="no answer within"):
            await Hook(Webhook(url=server.url, pin=server.identity.pin), 0.3).send(notice())


def smtp(address: str, security: Security, pin: str = "") -> Smtp:
    login = ("dr", "env:MAIL") if security == "starttls" else ("", "")
    return Smtp(
        address=address,
        security=security,
        username=login[0],
        password=login[1],
        pin=pin,
        sender="dr@example.com",
        recipients=("ops@example.com", "boss@example.com"),
    )


@pytest.mark.parametrize("security", ["starttls", "tls", "plain"])
async def test_a_mail_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: Security) -> None:
    monkeypatch.setenv("MAIL", "secret")
    async with mail_server(tmp_path, security=security) as server:
        pin = "" if security == "plain" else server.identity.pin
        await Mail(smtp(server.address, security, pin), QUICK_S).send(notice())
    (mail,) = server.mails
    assert server.to == [["ops@example.com", "boss@example.com"]]
    assert mail["Subject"] == "DRConsole: R-1 (drill of pittsburgh) has failures: 12 events"
    assert mail["Message-ID"] == "<R-1.failed.7@drconsole>"
    assert "drconsole run retry R-1 provision/esx-01/ready" in mail.get_content()


async def test_a_mail_servers_refusals_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL", "wrong")
    async with mail_server(tmp_path, security="starttls") as server:
        good = smtp(server.address, "starttls", server.identity.pin)
        channel = Mail(good, QUICK_S)
        for _ in range(3):  # a wrong password is sent once: accounts lock
            with pytest.raises(WrongCredentials):
                await channel.send(notice())
        assert server.logins == 1
        monkeypatch.setenv("MAIL", "secret")
        await channel.send(notice())
        assert len(server.mails) == 1
        with pytest.raises(PinMismatch):
            await Mail(smtp(server.address, "starttls", OTHER), QUICK_S).send(notice())
        server.refuses = "450 later"
        with pytest.raises(DeviceError, match="450"):
            await Mail(good, QUICK_S).send(notice())
        assert len(server.mails) == 1


async def test_a_mail_server_that_is_not_there_or_says_nothing(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable):
            await Mail(smtp(address, "plain"), QUICK_S).send(notice())
        silent.listen()
        with pytest.raises(DRConsoleError):
            await Mail(smtp(address, "plain"), 0.3).send(notice())


RECORD = re.compile(rb"<155>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ drconsole \d+ failed - \[R-1\.failed\.7\] R-1 .+")
"""local3 is facility 19, an error severity 3: 19 × 8 + 3."""


async def test_a_datagram_is_one_record_of_rfc_5424() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(5)
        address = f"udp://127.0.0.1:{log.getsockname()[1]}"
        await SystemLog(Syslog(address=address, facility="local3"), QUICK_S).send(notice())
        assert RECORD.fullmatch(log.recv(4096))


async def test_over_tcp_a_record_is_counted() -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def log(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await got.put(await reader.read())
        writer.close()

    async with await asyncio.start_server(log, "127.0.0.1", 0) as server:
        address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await SystemLog(Syslog(address=address, facility="local3"), QUICK_S).send(notice())
        count, _, record = (await got.get()).partition(b" ")
    assert int(count) == len(record)
    assert RECORD.fullmatch(record)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_local_socket_of_either_kind_is_spoken_to(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, kind) as log:
        log.bind(str(path))
        log.settimeout(5)
        if kind == socket.SOCK_STREAM:
            log.listen()
        await SystemLog(Syslog(address=str(path), facility="local3"), QUICK_S).send(notice())
        if kind == socket.SOCK_STREAM:
            with log.accept()[0] as connection:
                assert RECORD.fullmatch(connection.recv(4096).removesuffix(b"\n"))
        else:
            assert RECORD.fullmatch(log.recv(4096))


async def test_a_log_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        await SystemLog(Syslog(address=str(tmp_path / "nothing")), QUICK_S).send(notice())


async def test_a_long_record_is_cut_between_characters() -> None:
    items = tuple(Item("2026-11-22T10:00:00.000Z", f"guests/{n}/x", "ü" * 250) for n in range(10))
    long = message(Body(run="R-1", site="p", mode="drill", kind="failed", count=10, items=items), "k")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(5)
        await SystemLog(Syslog(address=f"udp://127.0.0.1:{log.getsockname()[1]}"), QUICK_S).send(long)
        record = log.recv(4096)
    assert len(record) <= 2048
    assert record.decode().endswith("…")
