"""`drconsole capture`: one capture, now."""

from __future__ import annotations

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.values import SnapshotEntry
from drconsole.cli.printing import narrate, print_json, print_table, size
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.errors import DRConsoleError
from drconsole.model.live import HostListing


@click.command("capture")
@click.argument("site", required=False)
@click.option("--all", "every", is_flag=True, help="Capture every configured site, one after the other.")
@click.option("--profile", default="", help="A capture profile: a shipped one's name, or a file.")
@click.option("--list", "listing", is_flag=True, help="List the hosts found, and capture nothing.")
@shared_options
def command(site: str | None, every: bool, profile: str, listing: bool, **_shared: object) -> None:
    """Captures a site's metadata from its management server and stores the snapshot."""
    if (site is None) != every:
        raise click.UsageError("name a site, or say --all")
    if listing and site:
        _show_hosts(with_service(lambda client: client.ask(requests.ListHosts(site=site))))
        return

    async def talk(client: Client) -> tuple[list[SnapshotEntry], DRConsoleError | None]:
        names = [entry.name for entry in await client.ask(requests.ListSites())] if every else [site or ""]
        return await _capture(client, names, profile)

    entries, failed = with_service(talk)
    _show(entries, every=every)
    if failed is not None:
        raise failed


async def _capture(
    client: Client, names: list[str], profile: str
) -> tuple[list[SnapshotEntry], DRConsoleError | None]:
    """Captures site after site; one that fails does not keep the others from being captured."""
    entries: list[SnapshotEntry] = []
    failed: DRConsoleError | None = None
    for name in names:
        try:
            entries.append(await client.ask(requests.Capture(site=name, profile=profile), narrate))
        except DRConsoleError as error:
            if len(names) == 1:
                raise
            narrate(f"{name}: {error}")
            failed = failed or error
    return entries, failed


def _show(entries: list[SnapshotEntry], *, every: bool) -> None:
    if as_json():
        print_json(entries if every else entries[0])
        return
    for entry in entries:
        state = "consistent" if entry.consistent else "INCONSISTENT: some references dangle"
        click.echo(f"{entry.site}: {entry.hosts} hosts, {entry.guests} guests, {size(entry.size)}, {state}")
        click.echo(entry.id)


def _show_hosts(hosts: tuple[HostListing, ...]) -> None:
    if as_json():
        print_json(hosts)
        return
    print_table(
        ("id", "name", "cluster", "guests", "connection", "path"),
        ((h.id, h.name, h.cluster, h.guests, h.connection, h.path) for h in hosts),
    )
