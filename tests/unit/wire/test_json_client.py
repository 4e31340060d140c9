"""What a client of devices makes of every way in which a device can answer, or not."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from drconsole.errors import (
    DeadlinePassed,
    DeviceError,
    OutcomeUnknown,
    PinMismatch,
    Refused,
    Unreachable,
    WrongCredentials,
)
from drconsole.settings.secrets import Secret
from drconsole.settings.values import Endpoint
from drconsole.wire.http import BODY_CAP, endpoint_client, patiently
from tests.unit.devices.served import Place, client_of, served


class Named(msgspec.Struct):
    name: str


class Device:
    """Counts what reaches it, and dies in the middle where it is asked to."""

    def __init__(self) -> None:
        self.logins: list[str] = []

    def application(self) -> web.Application:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{what:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        self.logins.append(base64.b64decode(encoded).decode() if scheme == "Basic" else "")
        if self.logins[-1] != "admin:right":
            return web.Response(status=401)
        match request.match_info["what"]:
            case "name":
                return web.json_response({"name": "esx-01", "more": 1})
            case "wrong":
                return web.json_response({"name": 7})
            case "deep":
                return web.Response(text="[" * 200_000)
            case "long":
                return web.Response(body=b"x" * (BODY_CAP + 1))
            case "slow":
                await asyncio.sleep(5)
            case "moved":
                raise web.HTTPFound("/name")
            case "dies":
                assert request.transport is not None
                request.transport.abort()
            case "dies-once":
                assert request.transport is not None
                if len(self.logins) == 1:
                    request.transport.abort()
                return web.json_response({"name": "esx-01"})
            case "page":
                return web.Response(text="<html>Please log in</html>", content_type="text/html")
            case "gateway":
                return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")
            case "half":
                return web.Response(text='{"name": "es', content_type="application/json")
        return web.Response(status=500, text="a fault \x1b[31m")


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
async def place(device: Device, tmp_path: Path) -> AsyncIterator[Place]:
    async with served(device.application(), tmp_path) as place:
        yield place


async def test_a_right_answer_is_a_typed_value(place: Place) -> None:
    client = client_of(place)
    assert await client.get("/name", Named) == Named("esx-01")
    await client.close()


async def test_wrong_credentials_are_never_tried_twice(place: Place, device: Device) -> None:
    client = client_of(place, password="wrong")
    for _ in range(3):
        with pytest.raises(WrongCredentials):
            await client.get("/name", Named)
    await client.close()
    assert device.logins == ["admin:wrong"]


async def test_many_clients_at_once_send_a_wrong_password_once_between_them(
    place: Place, device: Device
) -> None:
    clients = [client_of(place, password="wrong") for _ in range(5)]
    told = await asyncio.gather(*(c.get("/name", Named) for c in clients), return_exceptions=True)
    assert {type(error) for error in told} == {WrongCredentials}
    assert device.logins == ["admin:wrong"]
    for client in clients:
        await client.close()


async def test_another_client_does_not_try_them_again_and_another_password_is_tried(
    place: Place, device: Device
) -> None:
    for password in ("wrong", "wrong", "old", "wrong", "old"):
        client = client_of(place, password=password)
        with pytest.raises(WrongCredentials, match="not tried again"):
            await client.get("/name", Named)
        await client.close()
    assert device.logins == ["admin:wrong", "admin:old"]
    right = client_of(place)
    assert (await right.get("/name", Named)).name == "esx-01"
    await right.close()


async def test_wrong_credentials_end_patience(place: Place, device: Device) -> None:
    client = client_of(place, password="wrong")
    with pytest.raises(WrongCredentials):
        await patiently(lambda: client.get("/name", Named), again=lambda _: True, within_s=3)
    await client.close()
    assert len(device.logins) == 1


async def test_another_certificate_gets_no_byte(place: Place, device: Device) -> None:
    client = client_of(place, pin="sha256:" + "0" * 64)
    with pytest.raises(PinMismatch) as caught:
        await client.call("POST", "/name", {"a": 1})
    await client.close()
    assert (caught.value.about, caught.value.presented) == ("device", place.pin)
    assert device.logins == []


@pytest.mark.parametrize("path", ["/wrong", "/deep", "/long", "/moved", "/fault"])
async def test_what_cannot_be_read_is_the_device_s_fault(place: Place, path: str) -> None:
    client = client_of(place)
    with pytest.raises(DeviceError):
        await client.get(path, Named)
    await client.close()


async def test_a_read_that_dies_is_unreachable_and_a_write_is_unknown(place: Place) -> None:
    client = client_of(place)
    with pytest.raises(Unreachable):
        await client.call("GET", "/dies")
    with pytest.raises(OutcomeUnknown):
        await client.call("POST", "/dies", {})
    await client.close()


async def test_a_read_that_died_is_repeated_once_and_a_write_never(place: Place, device: Device) -> None:
    client = client_of(place)
    assert (await client.get("/dies-once", Named)).name == "esx-01"
    assert len(device.logins) == 2
    device.logins.clear()
    with pytest.raises(OutcomeUnknown):
        await client.call("POST", "/dies-once", {})
    assert len(device.logins) == 1
    await client.close()


@pytest.mark.parametrize("path", ["/page", "/half"])
async def test_what_somebody_else_answered_is_no_success(place: Place, path: str) -> None:
    client = client_of(place)
    with pytest.raises(Unreachable):
        await client.call("GET", path)
    with pytest.raises(OutcomeUnknown):
        await client.call("PUT", path, {})
    await client.close()


async def test_a_gateway_that_fails_says_nothing_of_the_device(place: Place) -> None:
    client = client_of(place)
    with pytest.raises(OutcomeUnknown):
        await client.call("POST", "/gateway", {})
    assert (await client.call("GET", "/gateway")).status == 502
    await client.close()


async def test_waiting_for_ones_turn_counts(place: Place) -> None:
    """Nobody knows yet whether the password is right, so that calls go one by one."""
    client = client_of(place, total_s=0.4)
    began = time.monotonic()
    ends = await asyncio.gather(*(client.call("POST", "/slow") for _ in range(6)), return_exceptions=True)
    assert time.monotonic() - began < 2
    assert sorted(type(end).__name__ for end in ends) == ["DeadlinePassed"] * 5 + ["OutcomeUnknown"]
    await client.close()


async def test_a_late_read_is_late_and_a_late_write_is_unknown(place: Place) -> None:
    client = client_of(place, total_s=0.3)
    with pytest.raises(DeadlinePassed):
        await client.call("GET", "/slow")
    with pytest.raises(OutcomeUnknown):
        await client.call("PATCH", "/slow", {})
    await client.close()


async def test_a_write_that_found_nobody_did_nothing() -> None:
    client = client_of(Place("127.0.0.1:1", "sha256:" + "0" * 64))
    with pytest.raises(Unreachable):
        await client.call("POST", "/name", {})
    await client.close()


async def test_a_password_goes_to_its_own_device_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METAL_TEST_PASSWORD", "right")
    endpoint = Endpoint(
        address=place.address, username="admin", password="env:METAL_TEST_PASSWORD", pin=place.pin
    )
    client = endpoint_client(endpoint, about="device", connect_s=1, total_s=2)
    assert (await client.get("/name", Named)).name == "esx-01"
    await client.close()
    bound = Secret("right", bound=("127.0.0.2:443", place.pin))
    with pytest.raises(Refused):
        bound.reveal(address=place.address, pin=place.pin)


async def test_patience_ends_with_the_last_error() -> None:
    tries = 0

    async def busy() -> None:
        nonlocal tries
        tries += 1
        raise DeviceError("busy", code="ABORTED")

    with pytest.raises(DeviceError, match="busy"):
        await patiently(busy, again=lambda error: isinstance(error, DeviceError), within_s=0.5)
    assert tries > 1
