"""`drconsole doctor`: what a recovery depends on at this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drconsole.cli.printing import print_json, print_table
from drconsole.cli.words import as_json, config, shared_options
from drconsole.errors import InvalidConfiguration, Refused

if TYPE_CHECKING:
    from drconsole.service.checkup.finding import CheckFinding


@click.command("doctor")
@shared_options
def command(**_shared: object) -> None:
    """Checks what a recovery depends on here: disk, clock, limits, secrets, and what a logout would do.

    Asks no site, array or target; `config check`, `site check` and `target check` do that.
    """
    from drconsole.service.checkup import examine
    from drconsole.settings import places
    from drconsole.settings.file import load

    path = places.find(config())
    try:
        settings = None if path is None else load(path)
    except InvalidConfiguration:
        _tell(examine(None), path)
        raise
    found = examine(settings)
    _tell(found, path)
    wrong = [finding for finding in found if finding.grade == "bad"]
    if wrong:
        raise Refused(f"{len(wrong)} of {len(found)} checks are bad", about=wrong[0].subject)


def _tell(found: tuple[CheckFinding, ...], path: Path | None) -> None:
    if as_json():
        print_json(found)
        return
    rows = ((line.subject, line.grade, line.text, line.remedy) for line in found)
    print_table(("check", "grade", "found", "what to do"), rows)
    click.echo(f"configuration: {path or 'none'}")
