"""The management server that a run has recovered, as a site: reached like a protected one."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from drconsole.errors import DRConsoleError, Refused
from drconsole.journal import pool, runs, steps
from drconsole.model.step import Facts
from drconsole.planning import keys
from drconsole.settings.values import Endpoint, Settings, Site


def site_at(settings: Settings, name: str, ready: Facts) -> Site:
    """Returns a configured site, reached at its recovered management server instead.

    `ready` is the result of the step at `keys.ready`. Raises DRConsoleError where nothing is provisioned.
    """
    if settings.provisioning is None:
        raise DRConsoleError("no management server is recovered", about=name)
    endpoint = Endpoint(
        address=f"{ready['address']}:{ready['port']}",
        username=ready["username"],
        password=settings.provisioning.password,
        pin=ready["pin"],
    )
    return msgspec.structs.replace(settings.sites[name], endpoint=endpoint)


def recovered_by(connection: Connection, settings: Settings, run: str) -> Site:
    """Returns the site that a run has recovered, as it is to be reached now.

    Raises UnknownName for a run that is not there, and Refused, with the reason, where the run has no
    management server: none is recovered, it is not ready yet, or its machine was given back.
    """
    row = runs.find(connection, run)
    plan, _ = runs.frozen(connection, row.id)
    server = plan.mapping.management_server
    if server is None:
        raise Refused("the run recovers no management server", about=row.id)
    if row.site not in settings.sites:
        raise Refused(f"{row.site} is not in the configuration any more", about=row.id)
    key = keys.ready(server.protected)
    ready = steps.result(connection, row.id, key)
    if ready is None or steps.state(connection, row.id, key) != "done":
        raise Refused("its management server is not ready yet", about=row.id)
    lease = pool.leases(connection).get(str(ready["target"]))
    if lease is None or lease.run != row.id or lease.state == "wiping":
        raise Refused("the machine of its management server was given back", about=row.id)
    return site_at(settings, row.site, ready)
