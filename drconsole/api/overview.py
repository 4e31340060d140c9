"""What every console shows at once: who answers, the sites, the pool, the runs; pushed as it changes."""

from __future__ import annotations

import msgspec

from drconsole.api.values import ServiceStatus, SiteEntry
from drconsole.model.run import RunSummary
from drconsole.model.target import Target


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that differ from the item before; None is unchanged. The first item has them all.

    An item without parts is a sign of life. `at` is the service's time (UTC).
    """

    at: str
    status: ServiceStatus | None = None
    sites: tuple[SiteEntry, ...] | None = None
    targets: tuple[Target, ...] | None = None
    runs: tuple[RunSummary, ...] | None = None
