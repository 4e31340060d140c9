"""Which class drives which kind of array, loaded when a run first needs it."""

from __future__ import annotations

from collections.abc import Callable

from drconsole.errors import InvalidConfiguration
from drconsole.replication.contract import ReplicationDriver
from drconsole.settings.values import Array, Settings


def _http(array: Array, settings: Settings) -> ReplicationDriver:
    from drconsole.replication.http import HttpArray
    from drconsole.wire.http import endpoint_client

    limits = settings.deadlines
    client = endpoint_client(
        array.endpoint,
        about=f"array {array.place.name}",
        connect_s=min(5.0, limits["array-call"]),
        total_s=limits["array-call"],
    )
    return HttpArray(client, settle_s=limits["array-call"])


DRIVERS: dict[str, Callable[[Array, Settings], ReplicationDriver]] = {"http": _http}
"""Driver name of the configuration → what opens a driver. Nothing is sent before the first verb."""


def open_array(array: Array, settings: Settings) -> ReplicationDriver:
    """Returns a driver of a configured array; the caller closes it.

    Raises InvalidConfiguration for a driver that does not exist, and what resolving its password raises.
    """
    opener = DRIVERS.get(array.place.driver)
    if opener is None:
        raise InvalidConfiguration(
            f"driver {array.place.driver} does not exist",
            about=f"array {array.place.name}",
            expected=f"one of {', '.join(sorted(DRIVERS))}",
        )
    return opener(array, settings)
