"""`drconsole snapshot`: what has been captured, with or without the site still standing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.cli.printing import narrate, print_bytes, print_json, print_table, size
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.errors import InvalidDocument, UnknownName, UsageError

_SITE = click.option("--site", default="", help="Only of this site.")


@click.group("snapshot")
@shared_options
def command(**_shared: object) -> None:
    """Stored captures: list, show, search, export, open, import, diff, check."""


@command.command("list")
@_SITE
@shared_options
def list_(site: str, **_shared: object) -> None:
    """Lists the stored snapshots, oldest first."""
    entries = with_service(lambda client: client.ask(requests.ListSnapshots(site=site)))
    if as_json():
        print_json(entries)
        return
    _table(entries)


def _table(entries: tuple[SnapshotEntry, ...]) -> None:
    print_table(
        ("id", "site", "taken", "hosts", "guests", "size", "consistent", "verified"),
        (
            (e.id[:19], e.site, e.taken, e.hosts, e.guests, size(e.size), e.consistent, e.verified)
            for e in entries
        ),
    )


@command.command("show")
@click.argument("id", default="latest")
@_SITE
@shared_options
def show(id: str, site: str, **_shared: object) -> None:
    """Shows what a snapshot holds, kind by kind; with --json all of it."""
    from drconsole.documents import read_snapshot
    from drconsole.model.inventory import COLLECTIONS

    found = with_service(lambda client: client.ask(requests.GetSnapshot(id=id, site=site)))
    snapshot = read_snapshot(found.document, found.entry.id)
    if as_json():
        print_json(snapshot)
        return
    click.echo(f"{found.entry.id}\n{snapshot.site}, taken {snapshot.taken}, profile {snapshot.profile}")
    if server := snapshot.management_server:
        click.echo(f"{server.name}: {server.product} {server.version} build {server.build}")
    print_table(
        ("kind", "count"),
        ((name.replace("_", " "), len(getattr(snapshot, name))) for name in COLLECTIONS),
    )


@command.command("search")
@click.argument("text")
@click.option("--snapshot", "id", default="", help="Only in this snapshot; else each site's newest.")
@click.option("--all", "every", is_flag=True, help="In every snapshot, or in those of a span.")
@click.option("--since", default="", metavar="WHEN", help="With --all: taken then or later.")
@click.option("--until", default="", metavar="WHEN", help="With --all: taken before then.")
@click.option("--on", default="", metavar="WHEN", help="As it was then: each site's last one of that day.")
@_SITE
@shared_options
def search(
    text: str, *, id: str, every: bool, since: str, until: str, on: str, site: str, **_shared: object
) -> None:
    """Finds objects by any of their values: a name, an address, a uuid, a path.

    WHEN is a day in UTC (2026-11-24, yesterday, tuesday, "3 days ago") or a moment (2026-11-24T08:00Z).
    """
    if id and (every or since or until or on):
        raise UsageError("--snapshot names the one that is searched", remedy="leave out the other options")
    if on and (every or since or until):
        raise UsageError("--on is one moment, --all and its bounds are a span", remedy="say one of them")
    request = requests.SearchSnapshots(
        text=text,
        id=id,
        site=site,
        every=every or bool(since or until),
        since=_when(since),
        until=_when(until),
        on=_when(on),
    )
    hits = with_service(lambda client: client.ask(request, narrate))
    if as_json():
        print_json(hits)
        return
    print_table(
        ("site", "taken", "kind", "name", "where", "field", "value"),
        ((h.site, h.taken, h.kind, h.name, h.where, h.field, h.value) for h in hits),
    )


def _when(text: str) -> str:
    """A day in words as its date; the service judges what else is written."""
    from drconsole.console.archive.days import day_of

    day = day_of(text, datetime.now(UTC).date()) if text else None
    return day.isoformat() if day else text


@command.command("export")
@click.argument("id", default="latest")
@click.option("--out", type=click.Path(dir_okay=False), help="Where to; stdout by default.")
@_SITE
@shared_options
def export(id: str, out: str | None, site: str, **_shared: object) -> None:
    """Writes a snapshot's exact bytes."""
    found = with_service(lambda client: client.ask(requests.GetSnapshot(id=id, site=site)))
    print_bytes(found.document, out)


@command.command("open")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@shared_options
def open_(file: Path, **_shared: object) -> None:
    """Opens the console on a snapshot file; neither a service nor a configuration is needed."""
    from drconsole.cli.opening import open_file

    open_file(file)


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@shared_options
def import_(file: str, **_shared: object) -> None:
    """Stores a snapshot that came as a file, after every check."""
    data = read_file(file)
    try:
        entry = with_service(lambda client: client.ask(requests.ImportSnapshot(document=data)))
    except InvalidDocument as wrong:
        # The service got bytes: only here is it known what the file is called.
        wrong.about = file
        raise
    if as_json():
        print_json(entry)
        return
    narrate(f"{entry.site}, taken {entry.taken}: stored")
    click.echo(entry.id)


def read_file(path: str) -> bytes:
    """Returns a document's bytes. Raises UnknownName for a file that cannot be read."""
    limit = 65 * 1024 * 1024
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit)
    except OSError as error:
        raise UnknownName(error.strerror or str(error), about=path) from error
    if len(data) == limit:
        raise InvalidDocument("is larger than 64 MiB", about=path, expected="a document of this product")
    return data


@command.command("diff")
@click.argument("before")
@click.argument("after", default="latest")
@_SITE
@shared_options
def diff(before: str, after: str, site: str, **_shared: object) -> None:
    """Says what changed between two snapshots, by meaning."""
    changes = with_service(
        lambda client: client.ask(requests.DiffSnapshots(before=before, after=after, site=site))
    )
    if as_json():
        print_json(changes)
        return
    for change in changes:
        narrate_out(change.text)
    narrate(f"{len(changes)} differences" if changes else "no difference")


def narrate_out(text: str) -> None:
    from drconsole.model.text import safe_text

    click.echo(safe_text(text))


@command.command("check")
@click.argument("id", default="")
@_SITE
@shared_options
def check(id: str, site: str, **_shared: object) -> None:
    """Reads snapshots back: hash, schema, keys. Exit code 5 where one is not what it was."""
    checks = with_service(lambda c: c.ask(requests.CheckSnapshots(id=id, site=site), narrate))
    if as_json():
        print_json(checks)
    else:
        print_table(
            ("id", "site", "taken", "ok", "problem"),
            ((c.id[:19], c.site, c.taken, c.ok, c.problem) for c in checks),
        )
    bad = [check for check in checks if not check.ok]
    if bad:
        raise InvalidDocument(f"{len(bad)} of {len(checks)} snapshots are damaged", about=bad[0].id)
