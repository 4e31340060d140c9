"""What a recovery depends on at the machine that carries it out: the checks of `drconsole doctor`.

Each looks and changes nothing; no site, array or target is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drconsole.errors import DRConsoleError
from drconsole.service.checkup import machine, state
from drconsole.service.checkup.finding import CheckFinding, bad
from drconsole.settings.values import Settings

__all__ = ["CheckFinding", "examine"]

_OF_THE_MACHINE: tuple[Callable[[], CheckFinding], ...] = (
    machine.version,
    machine.descriptors,
    machine.clock,
    machine.logout,
    machine.terminal,
)
_OF_THE_CONFIGURATION: tuple[Callable[[Settings], Iterable[CheckFinding]], ...] = (
    state.directory,
    state.databases,
    state.service,
    state.secrets,
    state.boot_address,
)


def examine(settings: Settings | None) -> tuple[CheckFinding, ...]:
    """Returns what was found, in a fixed order; None: there is no configuration to look at."""
    found = [check() for check in _OF_THE_MACHINE]
    if settings is None:
        return tuple(found)
    for check in _OF_THE_CONFIGURATION:
        try:
            found.extend(check(settings))
        except (DRConsoleError, OSError) as error:  # a check that cannot look is a finding as well
            found.append(bad(check.__name__.replace("_", " "), str(error)))
    return tuple(found)
