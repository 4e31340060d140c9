"""`drconsole select`: which guests are recovered."""

from __future__ import annotations

import click

from drconsole.api import requests
from drconsole.cli.documents_in import mapping_from
from drconsole.cli.printing import narrate, print_bytes, print_json
from drconsole.cli.words import as_json, shared_options, with_service


@click.command("select")
@click.argument("site")
@click.option("--snapshot", default="latest")
@click.option("--only", multiple=True, metavar="PATTERN", help="Shell pattern on names; may be repeated.")
@click.option("--mapping", type=click.Path(dir_okay=False), help="Consider only its deployed hosts.")
@click.option("--out", type=click.Path(dir_okay=False), help="Where to; stdout by default.")
@shared_options
def command(
    site: str, snapshot: str, only: tuple[str, ...], mapping: str | None, out: str | None, **_shared: object
) -> None:
    """Writes the VM selection. Guests that cannot be registered go to stderr, with the reason."""
    from drconsole.documents import write_vm_selection

    hosts = mapping_from(mapping)
    reply = with_service(
        lambda c: c.ask(requests.Select(site=site, snapshot=snapshot, only=only, mapping=hosts))
    )
    document = write_vm_selection(reply.selection)
    if as_json():
        if out is not None:
            print_bytes(document, out)
        print_json(reply)
        return
    for verdict in reply.verdicts:
        if verdict.verdict != "recoverable":
            word = "not recoverable" if verdict.verdict == "no" else "with caveats"
            narrate(f"{verdict.name}: {word}: {'; '.join(verdict.reasons)}")
    print_bytes(document, out)
