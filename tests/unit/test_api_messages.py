"""Messages over the socket: what goes in comes out, errors too, and no socket takes just anything."""

from __future__ import annotations

import asyncio
import typing

import msgspec
import pytest

from drconsole import errors
from drconsole.api import requests
from drconsole.api.failures import error_of, failure_of
from drconsole.api.frames import LIMIT, Failure, Hello, frame, read_frame
from drconsole.errors import (
    DeviceError,
    DRConsoleError,
    InvalidDocument,
    PinMismatch,
    Refused,
    Unreachable,
)
from tests.unit.inventories.rich import rich_mapping, rich_selection

ALL = typing.get_args(requests.AnyRequest)
HELLO = msgspec.msgpack.Decoder(Hello)


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def test_every_request_says_what_comes_back_and_is_answered() -> None:
    from drconsole.service.answers import ANSWERS

    assert set(ALL) == set(ANSWERS)
    for request in ALL:
        msgspec.msgpack.Decoder(requests.reply_type(request))
        msgspec.msgpack.Decoder(requests.item_type(request))


def test_a_request_with_both_documents_survives_the_way() -> None:
    sent = requests.Recover(
        site="pittsburgh", mode="drill", mapping=rich_mapping(), selection=rich_selection(), cleanup=True
    )
    data = msgspec.msgpack.encode(sent)
    assert msgspec.msgpack.decode(data, type=requests.AnyRequest) == sent


@pytest.mark.parametrize(
    "error",
    [
        Refused("too small", about="target E", remedy="map another"),
        InvalidDocument("is no number", about="a.xml", line=7, path="snapshot/host", expected="a number"),
        PinMismatch(about="vc-01", expected="sha256:aa", presented="sha256:bb"),
        DeviceError("busy", about="array r1", code="ABORTED"),
    ],
)
def test_an_error_arrives_as_the_same_class_with_all_it_says(error: DRConsoleError) -> None:
    data = msgspec.msgpack.encode(failure_of(error))
    arrived = error_of(msgspec.msgpack.decode(data, type=Failure))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
    assert arrived.exit_code == error.exit_code


def test_every_class_of_the_tree_is_known_and_a_private_one_travels_as_its_parent() -> None:
    class Private(Refused):
        pass

    names = [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, DRConsoleError)
    ]
    for name in names:
        assert type(error_of(Failure(kind=name, fields={"message": "x"}))).__name__ == name
    assert type(error_of(failure_of(Private("no")))) is Refused


async def test_a_frame_that_was_cut_off_is_no_silent_end() -> None:
    whole = frame(Hello(version="1"))
    assert await read_frame(reader_of(b""), HELLO) is None
    assert await read_frame(reader_of(whole), HELLO) == Hello(version="1")
    for length in range(1, len(whole)):
        with pytest.raises(Unreachable, match="inside a message"):
            await read_frame(reader_of(whole[:length]), HELLO)


@pytest.mark.parametrize(
    "data", [(LIMIT + 1).to_bytes(4, "big"), b"\x00\x00\x00\x01\xc1", b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_what_is_no_message_of_ours_is_refused_without_being_read_whole(data: bytes) -> None:
    with pytest.raises(Unreachable, match=r"message of ours"):
        await read_frame(reader_of(data), HELLO)
