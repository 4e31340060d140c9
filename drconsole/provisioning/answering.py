"""Does an installed machine answer at its address as what it should be?

A hypervisor or a management server makes its certificate while it installs. Its fingerprint is read
here and pinned from then on: what proves it is the machine is that this address stands in the script
that it alone could fetch, with MAC, SMBIOS UUID and token compared, in this power cycle. A Linux server has
the host key that we made before it was powered on.
"""

from __future__ import annotations

from drconsole.errors import DeviceError, OutcomeUnknown, Refused, Unreachable, WrongCredentials
from drconsole.model.step import Facts
from drconsole.model.text import safe_text
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.appliance import ADMINISTRATOR
from drconsole.provisioning.boot_service import BootService
from drconsole.provisioning.jobs import Job
from drconsole.provisioning.limits import Limits
from drconsole.provisioning.observing import COMMANDS, observed
from drconsole.provisioning.scripts import hostname_of
from drconsole.settings.secrets import Secret
from drconsole.wire.ssh import SshPlace, SshResult, key_fingerprint, run_commands
from drconsole.wire.tls import fetch_pin

_CONVERSATION = 3
"""Times as long as one call may take: several are made over one connection."""

_IDENTITY = ("hostname", "cat /sys/class/dmi/id/product_uuid")


async def answers(plan: PlanInput, boot: BootService, job: Job, limits: Limits) -> Facts:
    """Returns the result of `keys.ready`, with `mac` (the NIC that booted), `hostname` and `username`; of a
    Linux server also `observed`, what it says of itself.

    Raises Unreachable where it does not answer yet, WrongCredentials, and Refused where nobody fetched
    this job's script: then whoever answers there is somebody else.
    """
    if boot.log.find(job.id, ("script",)) is None:
        raise Refused("nobody fetched the script that gives out its address", about=job.target)
    found: Facts = {}
    if job.kind == "linux":
        port, pin, username, found = await _over_ssh(plan, boot, job, limits)
    else:
        port, username = plan.provisioning.https_port, _administrator(job)
        pin = await fetch_pin(job.address, port, limits.connect)
    booted = boot.log.find(job.id, ("netboot",))
    return {
        "target": job.target,
        "address": job.address,
        "port": port,
        "pin": pin,
        "uuid": job.uuid,
        "became": job.kind,
        "mac": (booted.mac if booted else "") or job.mac,
        "hostname": hostname_of(plan, job),
        "username": username,
        **({"observed": found} if found else {}),
    }


async def not_yet(
    plan: PlanInput, boot: BootService, job: Job, limits: Limits
) -> Facts | DeviceError | Unreachable | OutcomeUnknown | Refused:
    """As `answers`, but returns the reason why it does not answer. Wrong credentials are raised: every
    further attempt would count towards a lock."""
    try:
        return await answers(plan, boot, job, limits)
    except WrongCredentials:
        raise
    except (DeviceError, Unreachable, OutcomeUnknown, Refused) as error:
        return error


def _administrator(job: Job) -> str:
    return ADMINISTRATOR if job.kind == "management" else "root"


async def _over_ssh(
    plan: PlanInput, boot: BootService, job: Job, limits: Limits
) -> tuple[int, str, str, Facts]:
    """Logs in, compares host name and SMBIOS UUID with the plan, and asks what the server is."""
    key = boot.secret.host_key(job.id).public
    place = SshPlace(
        about=job.name,
        host=job.address,
        port=plan.provisioning.ssh_port,
        username="root",
        key=Secret(boot.secret.login_key(job.id).pem()),
        host_key=key,
    )
    name, uuid, *rest = await run_commands(
        place, (*_IDENTITY, *COMMANDS), connect_s=limits.connect, total_s=_CONVERSATION * limits.call
    )
    called, wanted = _said(name), hostname_of(plan, job)
    if called.partition(".")[0] != wanted.partition(".")[0]:
        raise DeviceError(f"calls itself {called or '(nothing)'}, not {wanted}", about=job.address)
    if _said(uuid).lower() != job.uuid:
        raise DeviceError(f"is the machine {_said(uuid) or '(nothing)'}, not {job.uuid}", about=job.address)
    return place.port, key_fingerprint(key), "root", {"hostname": called, **observed(rest)}


def _said(told: SshResult) -> str:
    return safe_text(told.output.strip()) if told.status == 0 else ""
