"""Search over the objects of a snapshot: by name, address, MAC, uuid, path or any other text."""

from __future__ import annotations

import re

import msgspec

from drconsole.documents.leaves import leaves
from drconsole.documents.whereabouts import Whereabouts
from drconsole.model.inventory import Snapshot

_MAC = re.compile(r"[0-9A-Fa-f]{2}([-:.]?[0-9A-Fa-f]{2}){5}")
_PLAIN = re.compile(r"[a-z0-9._:/@-]+")
_OTHERWISE = (b"&#", b"xmlns:", b"<![CDATA[")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An object that holds the text: path and value of its first fitting field, and what it stands in."""

    kind: str
    id: str
    name: str
    path: str
    value: str
    where: str = ""


def search(snapshot: Snapshot, text: str) -> tuple[Found, ...]:
    """Returns each object that holds `text` anywhere, whole names first, then in document order.

    Case does not count; a MAC may be given with colons, dashes, dots or none. "" finds nothing.
    """
    wanted = _wanted(text)
    if not wanted:
        return ()
    found: list[Found] = []
    whereabouts = Whereabouts(snapshot)
    for thing in snapshot.objects():
        for leaf in leaves(thing):
            value = str(leaf.value).casefold()
            if any(each in value for each in wanted):
                found.append(
                    Found(
                        kind=thing.kind,
                        id=thing.id,
                        name=thing.name,
                        path=leaf.path,
                        value=str(leaf.value),
                        where=whereabouts.words(thing),
                    )
                )
                break
    return tuple(sorted(found, key=lambda each: each.name.casefold() not in wanted))


def may_hold(document: bytes, text: str) -> bool:
    """Returns False where a snapshot's document cannot hold the text: it need not be decoded then.

    True says nothing. Only plain words of letters, digits and the like are looked for in the bytes: what a
    document may write in other ways, such as `&`, is not; nor where it holds references or foreign parts.
    """
    wanted = _wanted(text)
    if any(sign in document for sign in _OTHERWISE) or not all(_PLAIN.fullmatch(each) for each in wanted):
        return True
    written = document.decode("utf-8", "replace").casefold()
    return any(each in written for each in wanted)


def _wanted(text: str) -> tuple[str, ...]:
    """Returns what to look for: the text itself, and as a MAC where it can be one."""
    plain = text.strip().casefold()
    if not _MAC.fullmatch(plain):
        return (plain,) if plain else ()
    digits = re.sub(r"[^0-9a-f]", "", plain)
    return plain, ":".join(digits[start : start + 2] for start in range(0, 12, 2))
