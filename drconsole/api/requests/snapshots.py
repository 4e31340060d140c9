"""Requests about captures."""

from __future__ import annotations

from drconsole.api.requests.request import Request
from drconsole.api.values import Change, SearchHit, SnapshotCheck, SnapshotDocument, SnapshotEntry


class Capture(Request[SnapshotEntry, str], frozen=True, kw_only=True):
    """Captures a site now, narrating, and stores the snapshot. "" is the site's own profile."""

    site: str
    profile: str = ""


class ListSnapshots(Request[tuple[SnapshotEntry, ...], None], frozen=True, kw_only=True):
    """Stored snapshots, oldest first."""

    site: str = ""


class GetSnapshot(Request[SnapshotDocument, None], frozen=True, kw_only=True):
    """A snapshot's bytes, verified while read. Ids may be shortened as far as they stay unique."""

    id: str = "latest"
    site: str = ""


class SearchSnapshots(Request[tuple[SearchHit, ...], str], frozen=True, kw_only=True):
    """Objects with a value that contains `text` (case-insensitive), or matches it as a pattern.

    With `id` "" the newest snapshot of each site is searched; with `every` all of them, oldest first, of
    those taken from `since` on and before `until` (UTC moments or dates, "" for no bound). `on` (a date)
    takes each site's last snapshot of that day, or else the last one before it: where was it then? Hits
    come oldest snapshot first. The items say what could not be searched: damaged snapshots are named.
    Raises UsageError for what is neither moment nor date.
    """

    text: str
    id: str = ""
    site: str = ""
    every: bool = False
    since: str = ""
    until: str = ""
    on: str = ""


class ImportSnapshot(Request[SnapshotEntry, None], frozen=True, kw_only=True):
    """Stores a snapshot document that came as a file, after every check. The same one is once."""

    document: bytes


class DiffSnapshots(Request[tuple[Change, ...], None], frozen=True, kw_only=True):
    """What differs between two snapshots, by meaning."""

    before: str
    after: str = "latest"
    site: str = ""


class CheckSnapshots(Request[tuple[SnapshotCheck, ...], str], frozen=True, kw_only=True):
    """Reads stored snapshots back: hash, schema, keys. "" checks all."""

    id: str = ""
    site: str = ""
