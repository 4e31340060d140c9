"""A document as rows: none is lost, each is coloured as it would be in the whole, objects are found in it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from lxml import etree

from drconsole.console.archive.lines import ROW_BYTES, find_all, index
from drconsole.console.archive.markup import pieces, state_at
from drconsole.console.archive.places import Places
from drconsole.console.style.look import Look
from drconsole.console.widgets.xml_pane import folded, marked
from drconsole.documents import write_snapshot
from drconsole.errors import UnknownName
from drconsole.model.inventory import Snapshot
from tests.unit.inventories.generated import snapshots
from tests.unit.inventories.rich import rich_snapshot

LOOK = Look({})


@given(snapshots())
@settings(max_examples=40, deadline=None)
def test_rows_and_their_pieces_are_the_document(snapshot: Snapshot) -> None:
    data = write_snapshot(snapshot)
    rows = index(data)
    texts = [rows.text(row) for row in range(len(rows))]
    assert "".join(texts) == data.decode().replace("\n", "")
    for row, text in enumerate(texts):
        found, _ = pieces(text, state_at(data, rows.start(row)))
        assert "".join(piece for piece, _ in found) == text
        assert rows.row_at(rows.start(row)) == row


def test_a_line_of_any_length_is_cut_between_characters() -> None:
    data = ("<a b='" + "名é🙂x" * 2000 + "'/>").encode()
    rows = index(data)
    assert len(rows) > 20
    assert all(rows.end(row) - rows.start(row) <= ROW_BYTES for row in range(len(rows)))
    assert "".join(rows.text(row) for row in range(len(rows))) == data.decode()
    # Each row in the middle of the value begins as the value goes on.
    assert {state_at(data, rows.start(row)) for row in range(1, len(rows))} == {"apostrophe"}


@pytest.mark.parametrize(
    ("before", "state"),
    [
        (b"<a>", "text"),
        (b"<a ", "tag"),
        (b'<a b="x > y', "quote"),
        (b"<a><!-- <b ", "comment"),
        (b"<a><!-- x --> ", "text"),
        (b"", "text"),
    ],
)
def test_a_row_begins_in_the_state_that_stands_before_it(before: bytes, state: str) -> None:
    assert state_at(before + b"rest", len(before)) == state


def test_names_attributes_values_and_comments_differ() -> None:
    found, state = pieces('  <host id="a&amp;b" /> text &lt; <!-- c -->')
    roles = {piece: role for piece, role in found if piece.strip()}
    assert state == "text"
    assert (roles["host"], roles["id"], roles["a&amp;b"]) == ("key", "work", "text")
    assert (roles["&lt;"], roles["<!--"], roles["<"]) == ("work", "dim", "dim")


def test_what_is_no_xml_is_text() -> None:
    for text in ("< < & &; <", "<", "&", '">', "a=b", "<>", "]]>"):
        assert "".join(piece for piece, _ in pieces(text)[0]) == text


def test_a_text_is_found_in_either_case_also_as_xml_writes_it_and_over_pieces() -> None:
    data = b"x" * ((1 << 20) - 3) + b"Web-01 a&amp;b web-01"
    assert len(find_all(data, "WEB-01")) == 2
    assert len(find_all(data, "a&b")) == 1
    assert find_all(data, "a&amp;b") != ()
    assert find_all(data, "nothing") == ()
    assert find_all(data, "") == ()


def canonical(element: etree._Element) -> bytes:
    """An element's own content, whatever surrounds it."""
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def test_each_object_is_cut_out_as_a_document_of_its_own() -> None:
    snapshot = rich_snapshot()
    data = write_snapshot(snapshot)
    places, whole = Places(data), etree.fromstring(data)
    for thing in snapshot.objects():
        fragment = places.cut(thing.kind, thing.id)
        start, end = places.of(thing.kind, thing.id)
        alone = etree.fromstring(fragment)
        (inside,) = [each for each in whole if each.get("id") == thing.id and each.tag.endswith(thing.kind)]
        assert canonical(alone) == canonical(inside)
        assert data[start:end].split(b" ", 1)[1] in fragment
    with pytest.raises(UnknownName):
        places.cut("host", "none")


def test_namespaces_of_the_whole_come_with_a_part() -> None:
    data = b"<r xmlns='urn:a' xmlns:x='urn:x'><o id='1'><x:y/></o><o id='2' xmlns:x='urn:z' a='>'/></r>"
    places = Places(data)
    assert etree.fromstring(places.cut("o", "1"))[0].tag == "{urn:x}y"
    second = places.cut("o", "2")
    assert second.endswith(b"a='>'/>\n")
    assert etree.fromstring(second).nsmap == {None: "urn:a", "x": "urn:z"}


def test_a_row_is_folded_between_attributes_and_no_cell_is_lost() -> None:
    text = '  <host id="host-1" name="a-long-name" parent="cluster-77">'
    found, _ = pieces(text)
    lines = folded(found, 30, LOOK)
    shown = ["".join(piece for piece, _ in line) for line in lines]
    assert all(len(line) <= 30 for line in shown)
    assert shown[1].strip().startswith("name=")
    assert "".join(line.strip() for line in shown).replace(" ", "") == text.strip().replace(" ", "")
    wide = folded([("名" * 40, "text")], 11, LOOK)
    assert sum(piece.count("名") for line in wide for piece, _ in line) == 40


def test_escape_sequences_in_a_row_are_shown_and_do_nothing() -> None:
    lines = folded([("a\x1b[31mb\u202ec\x9d", "text")], 60, LOOK)
    assert "".join(piece for line in lines for piece, _ in line) == r"a\x1b[31mb\u202ec\x9d"


def test_a_text_is_marked_over_the_pieces_that_it_spans() -> None:
    text = '<host id="1"/>'
    found = marked(pieces(text)[0], text, "HOST ID")
    assert "".join(piece for piece, role in found if role == "here") == "host id"
    assert "".join(piece for piece, _ in found) == text


def test_sixty_megabytes_are_indexed_without_holding_them_twice() -> None:
    data = write_snapshot(rich_snapshot())
    begins, ends = data.index(b"\n", data.index(b"<snapshot")) + 1, data.rindex(b"</snapshot>")
    body = data[begins:ends]
    large = data[:begins] + body * (20_000_000 // len(body)) + data[ends:]
    began = time.process_time()
    rows = index(large)
    rows.text(len(rows) // 2)
    assert rows.data is large
    # A row costs eight bytes beside the document.
    assert len(rows) * 8 < len(large)
    assert time.process_time() - began < 10
