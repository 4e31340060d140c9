"""`drconsole run show --step`: what do I do now?"""

from __future__ import annotations

import click

from drconsole.api import requests
from drconsole.api.values import Attempt, Choice, StepDetail
from drconsole.cli.printing import print_json
from drconsole.cli.words import as_json, with_service
from drconsole.model.text import safe_text

_NAMED = 5
"""So many guests of a choice are named; the others are counted."""


def show_step(run: str, site: str, key: str) -> None:
    """Prints one step: what was tried, what the device said, what was seen after, and what can be done."""
    detail = with_service(lambda client: client.ask(requests.ShowStep(run=run, step=key, site=site)))
    if as_json():
        print_json(detail)
        return
    for line in lines(detail):
        click.echo(safe_text(line))


def lines(detail: StepDetail) -> list[str]:
    """Returns the page as lines of plain text, foreign text as it came."""
    about = detail.object + (f" on {detail.machine}" if detail.machine else "")
    told = [f"{detail.key}  {detail.state}", f"{detail.title}{f' ({about})' if about else ''}"]
    told += ["", "What was attempted"]
    told += [_attempt(each) for each in detail.attempted] or ["  nothing yet"]
    if detail.error:
        told += ["", "What the device said", f"  {detail.error}"]
    told += [f"  {line}" for line in detail.said]
    if detail.observed:
        told += ["", "What was seen after", f"  {detail.observed}"]
    told += ["", "What can be done now"]
    told += [line for choice in detail.choices for line in _choice(choice)] or ["  nothing: it needs no one"]
    return told


def _attempt(each: Attempt) -> str:
    end = f" to {each.ended}" if each.ended else ""
    how = each.end or "its end was not seen"
    error = f": {each.error}" if each.error else ""
    return f"  {each.number}. {each.started}{end} (runner {each.epoch})  {how}{error}"


def _choice(choice: Choice) -> list[str]:
    if choice.refused:
        return [f"  {choice.verb}: not now: {choice.refused}"]
    told = [f"  {choice.command}", f"      {choice.effect}"]
    if choice.guests:
        more = f" and {len(choice.guests) - _NAMED} more" if len(choice.guests) > _NAMED else ""
        told.append(f"      not recovered then: {', '.join(choice.guests[:_NAMED])}{more}")
    return told
