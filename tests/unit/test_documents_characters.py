"""The writer builds its text itself: every character is held to what lxml would have written."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from drconsole.documents import write_snapshot
from drconsole.model.inventory import Snapshot
from tests.unit.inventories.generated import HOSTILE
from tests.unit.inventories.rich import rich_snapshot

_ALL_OF_XML = st.characters(
    codec="utf-8",  # no surrogates
    min_codepoint=9,
    exclude_characters="\x0b\x0c\ufffe\uffff" + "".join(map(chr, range(0x0E, 0x20))),
)


@given(st.text(_ALL_OF_XML))
@settings(max_examples=300, deadline=None)
def test_any_text_is_written_as_lxml_writes_it(text: str) -> None:
    _as_lxml_writes(text)


def test_hostile_names_are_written_as_lxml_writes_them() -> None:
    for text in (*HOSTILE, "\t\r\n", "&<>\"'", "]]>", "\x7f\x85\u2028\U0001f600", ""):
        _as_lxml_writes(text)


def test_every_character_of_the_first_plane_is_written_as_lxml_writes_it() -> None:
    whole = "".join(chr(point) for point in range(0x20, 0xFFFE) if not 0xD800 <= point < 0xE000)
    _as_lxml_writes("\t\n\r" + whole)


def _as_lxml_writes(text: str) -> None:
    """One text as an attribute and as the text of an element, in a document of ours and in one of lxml's."""
    site = rich_snapshot()
    written = write_snapshot(_told(site, text)).decode()
    attribute, element = etree.Element("a", {"profile": text}), etree.Element("danglingReference")
    element.text = text
    assert etree.tostring(attribute, encoding="unicode")[len("<a") : -len("/>")] in written
    assert etree.tostring(element, encoding="unicode") in written


def _told(site: Snapshot, text: str) -> Snapshot:
    return replace(site, profile=text, consistent=False, dangling=(text,))
