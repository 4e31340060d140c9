"""Files that are no document of ours: each refused whole, with what is wrong and what would be right."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Thread

import pytest
from backports import zstd
from msgspec.structs import replace

from drconsole.documents import (
    kind_of,
    read_host_mapping,
    read_snapshot,
    write_host_mapping,
    write_snapshot,
)
from drconsole.errors import InvalidDocument
from tests.unit.inventories.rich import rich_mapping, rich_snapshot

GOOD = write_snapshot(rich_snapshot())
ROOT = b'<snapshot xmlns="urn:drconsole:snapshot:1" site="s" taken="2026-11-22T08:00:00Z" profile="p">'

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "not well-formed"),
    "not XML": (lambda: b"{}", "not well-formed"),
    "truncated": (lambda: GOOD[: len(GOOD) // 2], "not well-formed"),
    "a flipped byte in a tag": (lambda: GOOD.replace(b"<folder", b"<fo\x01der", 1), "not well-formed"),
    "a flipped bit that leaves ASCII": (lambda: GOOD.replace(b"web-101", b"we\xe2-101", 1), "not UTF-8"),
    "a newer version": (lambda: GOOD.replace(b"snapshot:1", b"snapshot:2", 1), "version 2 is newer"),
    "a version of nines": (lambda: GOOD.replace(b"snapshot:1", b"snapshot:" + b"9" * 5000, 1), "is newer"),
    "no namespace": (lambda: b"<snapshot/>", "namespace"),
    "an unknown root": (lambda: b"<inventory/>", "unknown document"),
    "another document": (lambda: write_host_mapping(rich_mapping()), "this is a host mapping"),
    "a DOCTYPE": (lambda: b"<!DOCTYPE snapshot>\n" + ROOT + b"</snapshot>", "<!DOCTYPE"),
    "an entity": (lambda: b'<!doctype s [<!ENTITY x "y">]>' + ROOT + b"</snapshot>", "<!DOCTYPE"),
    "gzip": (lambda: gzip.compress(GOOD), "compressed by gzip"),
    "zstd": (lambda: zstd.compress(GOOD), "compressed by zstd"),
    "UTF-16": (lambda: GOOD.decode().encode("utf-16"), "not UTF-8"),
    "declared Latin-1": (lambda: GOOD.replace(b"utf-8", b"latin1", 1), "declares latin1"),
    "100 MB": (lambda: ROOT + b" " * 100_000_000 + b"</snapshot>", "100,000"),
    "3 million empty elements": (lambda: ROOT + b"<a/>" * 3_000_000 + b"</snapshot>", "too many elements"),
    "deep": (lambda: ROOT + b'<x xmlns="u">' * 40 + b"</x>" * 40 + b"</snapshot>", "nested too deeply"),
    "very deep": (lambda: ROOT + b'<x xmlns="u">' * 99_999 + b"</x>" * 99_999, ""),
    "an undeclared entity": (lambda: ROOT + b"&x;</snapshot>", "not well-formed"),
    "a file named as schema": (
        lambda: (
            b'<snapshot xmlns="urn:drconsole:snapshot:1" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
            b' i:schemaLocation="urn:x /etc/hostname" site="s" taken="2026-11-22T08:00:00Z" profile="p"/>'
        ),
        "XMLSchema-instance",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_and_the_message_says_why(name: str) -> None:
    make, words = BAD[name]
    data = make()
    started = time.monotonic()
    with pytest.raises(InvalidDocument) as caught:
        read_snapshot(data, "pittsburgh.xml")
    assert words in caught.value.message
    assert caught.value.about == "pittsburgh.xml"
    assert caught.value.expected
    assert caught.value.exit_code == 5
    assert time.monotonic() - started < 5


def test_a_truncated_file_names_its_last_line() -> None:
    half = GOOD[: len(GOOD) // 2]
    with pytest.raises(InvalidDocument) as caught:
        read_snapshot(half)
    assert caught.value.line == half.count(b"\n") + 1


def test_a_broken_key_is_named_with_its_path() -> None:
    data = GOOD.replace(b'host id="host-22"', b'host id="host-21"')
    with pytest.raises(InvalidDocument) as caught:
        read_snapshot(data)
    assert "'host-21' is taken" in caught.value.message
    assert caught.value.path == "snapshot/host[id=host-21]"


def test_a_dangling_reference_is_named_with_its_path_and_the_right_kinds() -> None:
    data = GOOD.replace(b'network="dvportgroup-32"', b'network="dvportgroup-99"', 1)
    with pytest.raises(InvalidDocument) as caught:
        read_snapshot(data)
    assert "dvportgroup-99" in caught.value.message
    assert caught.value.path == "snapshot/virtualMachine[id=vm-101]/networkInterface[key=4001]@network"
    assert caught.value.expected == "the id of a network or distributedPortGroup"


def test_an_inconsistent_snapshot_may_dangle_and_nothing_more() -> None:
    dangling = GOOD.replace(b'network="dvportgroup-32"', b'network="gone"').replace(
        b'profile="recovery"', b'profile="recovery" consistent="false"'
    )
    assert not read_snapshot(dangling).consistent
    with pytest.raises(InvalidDocument, match="is taken"):
        read_snapshot(dangling.replace(b'id="host-22"', b'id="host-21"'))


def test_a_consistent_snapshot_lists_no_dangling_reference() -> None:
    data = GOOD.replace(
        b"<managementServer ", b"<danglingReference>a</danglingReference>\n<managementServer ", 1
    )
    with pytest.raises(InvalidDocument, match="dangling") as caught:
        read_snapshot(data)
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'target="S"', b'target="E"', "target 'E' is taken"),
        (b'protected="host-22"', b'protected="host-21"', "'host-21' is taken"),
        (b' target="E"', b"", "deployed without a target"),
        (b' target="S"', b"", "deployed without a target"),
        (b' target="D"', b"", "missing"),
        (b'target="D"', b'target=""', "'' is wrong"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(old: bytes, new: bytes, words: str) -> None:
    data = write_host_mapping(rich_mapping())
    line = data[: data.index(old)].count(b"\n") + 1
    with pytest.raises(InvalidDocument) as caught:
        read_host_mapping(data.replace(old, new))
    assert words in str(caught.value)
    assert caught.value.line == line


def test_hosts_without_a_management_server_are_refused() -> None:
    data = write_host_mapping(replace(rich_mapping(), management_server=None))
    with pytest.raises(InvalidDocument, match="without a management server") as caught:
        read_host_mapping(data)
    assert caught.value.path == "hostMapping/host[protected=host-21]"
    assert read_host_mapping(data.replace(b'"true"', b'"false"')).management_server is None


def test_a_start_tag_over_several_lines_is_named_by_its_first() -> None:
    data = GOOD.replace(b'<host id="host-22"', b'<host\n  parent="nowhere"\n  id="host-22"').replace(
        b' name="esx-02" parent="domain-c7"', b' name="esx-02"'
    )
    line = data[: data.index(b"<host\n")].count(b"\n") + 1
    with pytest.raises(InvalidDocument, match="nowhere") as caught:
        read_snapshot(data)
    assert caught.value.line == line


def test_whoever_only_imports_the_documents_loads_no_lxml() -> None:
    code = "import sys, drconsole.documents, drconsole.documents.difference; print('lxml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_threads_are_told_of_their_own_document() -> None:
    """One schema serves all threads; the errors of one must not reach another."""
    wrong: list[str] = []

    def read(number: int) -> None:
        bad = GOOD.replace(b'host="host-21"', f'host="gone-{number}"'.encode(), 1)
        for _ in range(20):
            try:
                read_snapshot(bad)
                wrong.append("not refused")
            except InvalidDocument as error:
                if f"gone-{number}" not in error.message:
                    wrong.append(str(error))
            read_snapshot(GOOD)

    threads = [Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_kind_of_refuses_what_no_reader_takes() -> None:
    for name in ("nothing", "gzip", "a newer version", "an unknown root", "a DOCTYPE"):
        with pytest.raises(InvalidDocument):
            kind_of(BAD[name][0]())
