"""Durations as an operator writes them, in commands as in the configuration: 90s, 15m, 4h, 1h30m."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    """Gives seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from drconsole.settings.quantities import DURATION_FORM, duration

        try:
            return duration(str(value))
        except ValueError:
            self.fail(f"{value!r} is not {DURATION_FORM}", param, ctx)


def objectives(function: F) -> F:
    """Adds `--rto` and `--rpo`, a run's own objectives, as `rto` and `rpo` in seconds or None."""
    kind = Duration()
    rto = click.option("--rto", type=kind, help="This run's objective for its duration, such as 4h.")
    rpo = click.option("--rpo", type=kind, help="This run's objective for lost writes, such as 15m.")
    return rto(rpo(function))
