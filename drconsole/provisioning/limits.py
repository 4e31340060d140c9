"""How long each part of an install may take, in seconds, from the configuration's deadlines."""

from __future__ import annotations

import msgspec

from drconsole.provisioning.jobs import Job

ATTEMPTS = 3
"""Network boots that are ordered before the machine is given up: twice Once, then Continuous."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`netboot`: from power-on to the first fetch, and from there to the kickstart; `install`: from the
    first fetch to the report of the end; `ready`: from there to an answer."""

    power: float
    netboot: float
    install: float
    ready: float
    wipe: float
    connect: float
    call: float

    @property
    def boot_step(self) -> float:
        """The longest that ordering a network boot can take, all attempts together."""
        return ATTEMPTS * (self.netboot + 2 * self.power)


def limits_of(deadlines: dict[str, float], job: Job) -> Limits:
    """Returns the limits of one job."""
    kind = "hypervisor" if job.kind == "wipe" else job.kind
    return Limits(
        power=deadlines["power"],
        netboot=deadlines["netboot"],
        install=deadlines[f"install-{kind}"],
        ready=deadlines["ready"],
        wipe=deadlines["wipe"],
        connect=deadlines["bmc-connect"],
        call=deadlines["bmc-call"],
    )
