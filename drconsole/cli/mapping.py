"""`drconsole map`: which target takes which role, and why."""

from __future__ import annotations

import click

from drconsole.api import requests
from drconsole.api.values import MatchReply
from drconsole.cli.documents_in import mapping_from
from drconsole.cli.printing import narrate, print_bytes, print_json
from drconsole.cli.words import as_json, shared_options, with_service


@click.command("map")
@click.argument("site")
@click.option("--snapshot", default="latest", help="The snapshot to map; the latest verified by default.")
@click.option("--mapping", type=click.Path(dir_okay=False), help="Flags and choices to keep.")
@click.option("--out", type=click.Path(dir_okay=False), help="Where to; stdout by default.")
@shared_options
def command(site: str, snapshot: str, mapping: str | None, out: str | None, **_shared: object) -> None:
    """Matches free targets to roles and writes the host mapping; the reasons go to stderr."""
    from drconsole.documents import write_host_mapping

    kept = mapping_from(mapping)
    reply = with_service(lambda c: c.ask(requests.Match(site=site, snapshot=snapshot, mapping=kept), narrate))
    document = write_host_mapping(reply.mapping)
    if as_json():
        if out is not None:
            print_bytes(document, out)
        print_json(reply)
        return
    _explain(reply)
    print_bytes(document, out)


def _explain(reply: MatchReply) -> None:
    for match in reply.matches:
        narrate(f"{match.role:<10} {match.name} → {match.target or '–'} ({match.fit}): {match.reason}")
        for target, why in sorted(match.refused.items()):
            narrate(f"{'':<10}   not {target}: {why}")
