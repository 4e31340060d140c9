"""`[people]`: the groups whose members reach an installed service over its shared socket."""

from __future__ import annotations

from drconsole.settings.table import Table
from drconsole.settings.values import People


def read_people(table: Table | None, *, shared: bool) -> People | None:
    """Reads the table; None where there is none. `shared`: the service has a socket for other accounts.

    Raises InvalidConfiguration where nobody could reach it.
    """
    if table is None:
        return None
    people = People(operators=table.texts("operators", ()), observers=table.texts("observers", ()))
    if not shared:
        key = "operators" if people.operators else "observers"
        raise table.wrong(
            key, "nobody else reaches this service", 'socket = "/run/drconsole/console.sock" under [state]'
        )
    table.close()
    return people
