"""What the repository gives out: entries of its list, stored snapshots, hits, attempts."""

from __future__ import annotations

import msgspec

from drconsole.documents.search import Found


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot in the list.

    `id` is `sha256:` and the hash of its bytes. `verified` is the UTC time at which it was last read
    back whole, "" for never, for damaged and for inconsistent ones. Sizes are bytes.
    """

    id: str
    site: str
    taken: str
    profile: str
    consistent: bool
    verified: str
    hosts: int
    guests: int
    size: int
    stored_size: int
    added: str


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot with its exact bytes, which have the hash that the id says."""

    entry: Entry
    data: bytes


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """An object that a search found, and the snapshot that it stands in."""

    entry: Entry
    found: Found


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to capture a site: when (UTC), and the error where it failed."""

    site: str
    at: str
    ok: bool
    error: str = ""
