"""`drconsole site`: the protected sites of the configuration."""

from __future__ import annotations

from typing import Any

import click

from drconsole.api import requests
from drconsole.cli.printing import age, narrate, print_json, print_table
from drconsole.cli.words import as_json, config, shared_options, with_service


@click.group("site")
@shared_options
def command(**_shared: object) -> None:
    """Protected sites."""


@command.command("list")
@shared_options
def list_(**_shared: object) -> None:
    """Lists the sites with their newest snapshot and how the last capture went."""
    sites = with_service(lambda client: client.ask(requests.ListSites()))
    if as_json():
        print_json(sites)
        return
    print_table(
        ("name", "address", "live", "age", "capture", "snapshot", "verified", "next capture", "trouble"),
        (
            (
                site.name,
                site.address,
                site.live,
                age(site.age_s),
                site.capture.state,
                site.snapshot.taken if site.snapshot else "",
                site.snapshot.verified if site.snapshot else "",
                site.capture.next,
                site.capture.text or site.error,
            )
            for site in sites
        ),
    )


@command.command("check")
@click.argument("name")
@shared_options
def check(name: str, **_shared: object) -> None:
    """Logs in to the site's management server once and says who answered."""
    found = with_service(lambda client: client.ask(requests.CheckSite(site=name)))
    if as_json():
        print_json(found)
        return
    click.echo(f"{found.site}: {found.product} {found.version} build {found.build}, API {found.api_version}")
    click.echo(f"{found.hosts} hosts, {found.guests} guests; its clock is {found.skew_s:+.1f} s from ours")


@command.command("add")
@click.argument("name")
@click.option("--address", required=True, metavar="HOST:PORT")
@click.option("--username", required=True)
@click.option(
    "--password", required=True, metavar="REF", help="A reference: env:, file:, cred:, age:, prompt:."
)
@click.option("--pin", required=True, metavar="sha256:…", help="The certificate's fingerprint.")
@click.option("--platform", default="vsphere", show_default=True)
@shared_options
def add(name: str, platform: str, **rest: Any) -> None:
    """Appends a site to the configuration; comments in it are kept."""
    from drconsole.cli.configuration import writable
    from drconsole.settings.append import append_site
    from drconsole.settings.values import Endpoint

    endpoint = Endpoint(**{key: rest[key] for key in ("address", "username", "password", "pin")})
    path = writable(config())
    append_site(path, name, endpoint, platform=platform)
    narrate(f"site {name} added to {path}; `drconsole site check {name}` logs in once")
