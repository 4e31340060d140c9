"""`drconsole config`: the configuration file."""

from __future__ import annotations

import click

from drconsole.cli.printing import print_json
from drconsole.cli.words import as_json, config, shared_options


@click.group("config")
@shared_options
def command(**_shared: object) -> None:
    """The configuration file."""


@command.command("check")
@shared_options
def check(**_shared: object) -> None:
    """Reads the configuration; a mistake is named with its line and what would be right."""
    from drconsole.errors import InvalidConfiguration
    from drconsole.settings import places
    from drconsole.settings.file import load
    from drconsole.settings.secrets import refuse_prompts

    path = places.find(config())
    if path is None:
        raise InvalidConfiguration("there is no configuration", expected="name one with --config")
    settings = load(path)
    refuse_prompts(settings)
    found = {
        "path": settings.path,
        "state_dir": settings.state_dir,
        "sites": sorted(settings.sites),
        "arrays": sorted(settings.arrays),
        "targets": sorted(settings.pool),
        "steps": [step.name for step in settings.steps],
        "notify": list(settings.notify.channels) if settings.notify else [],
    }
    if as_json():
        print_json(found)
        return
    click.echo(f"{settings.path} is right")
    for kind in ("sites", "arrays", "targets", "steps", "notify"):
        click.echo(f"{kind}: {', '.join(found[kind]) or 'none'}")
    click.echo(f"state: {settings.state_dir}")
