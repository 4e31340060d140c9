"""Whether one target can take one role: why not, how tightly, and how much would be wasted."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from drconsole.model.target import Target, TargetHardware
from drconsole.planning.roles import Need, amount, vendor
from drconsole.planning.uplinks import Port, UplinkPlan, arrange

THREAD_MIB = 4096
"""What a thread counts beside memory when waste is summed: common machines have 4 GiB a thread."""


def unavailable(target: Target, *, run: str = "", segments: Collection[str] = ()) -> str:
    """Returns why a target is in nobody's reach, "" where it is free (or reserved for this run).

    `segments` are those of the provisioning network; all are meant where it is empty.
    """
    if target.hardware is None:
        said = f": {target.error}" if target.error else ""
        return f"was never probed{said} (drconsole target check {target.name})"
    if target.state == "unreachable":
        said = target.error or "its BMC does not answer"
        return f"is unreachable: {said} (drconsole target check {target.name})"
    if target.state != "free" and not (run and target.run == run and target.state in ("reserved", "leased")):
        holder = f" by run {target.run}" if target.run else ""
        return f"is {target.state}{holder}"
    if segments and target.segment not in segments:
        return f"is on segment {target.segment}, which the provisioning network does not reach"
    return ""


def misfit(need: Need, target: Target) -> str:
    """Returns why a probed target cannot take a role, all reasons joined, "" where it can."""
    assert target.hardware is not None
    return "; ".join(_misfits(need, target, target.hardware))


def _misfits(need: Need, target: Target, hardware: TargetHardware) -> Iterator[str]:
    if hardware.boot_mode == "legacy":
        yield "boots in legacy mode, network boot needs UEFI"
    # A BMC that lists only one of cores and threads is taken at its word for that one.
    threads, cores = hardware.cpu_threads or hardware.cpu_cores, hardware.cpu_cores
    if need.threads > threads:
        yield f"{threads} threads, {need.threads} needed"
    elif need.cores > (cores or threads):
        yield f"{cores or threads} cores, {need.cores} needed"
    if need.memory_mib > hardware.memory_mib:
        yield f"{amount(hardware.memory_mib)} memory, {amount(need.memory_mib)} needed"
    if need.nics > len(hardware.nics):
        yield f"{len(hardware.nics)} NICs, {need.nics} needed"
    linked = sum(nic.link is not False for nic in hardware.nics)
    if need.linked > linked:
        yield f"{linked} NICs with link, {need.linked} needed"
    found = vendor(hardware.cpu_vendor)
    if need.cpu_vendor and found and found != need.cpu_vendor:
        yield f"{found} processor, {need.why_vendor} is {need.cpu_vendor}"
    yield from _disk_misfits(need, target, hardware)


def _disk_misfits(need: Need, target: Target, hardware: TargetHardware) -> Iterator[str]:
    if not hardware.disks:
        yield "no local disk to install on"
        return
    largest = max(disk.size_bytes for disk in hardware.disks) // 1024**3
    if need.disk_gib > largest:
        yield f"largest disk {largest} GiB, {need.disk_gib} GiB needed"
    if not target.may_wipe and all(disk.has_data for disk in hardware.disks):
        yield "its disks have data and nobody allowed to wipe them"


def waste(need: Need, target: Target) -> int:
    """Returns what stays unused, in MiB; a thread counts as THREAD_MIB."""
    hardware = target.hardware
    assert hardware is not None
    threads = max((hardware.cpu_threads or hardware.cpu_cores) - (need.threads or need.cores), 0)
    return max(hardware.memory_mib - need.memory_mib, 0) + threads * THREAD_MIB


def tightness(need: Need, target: Target) -> str:
    """Returns why a fit is tight, "" where it is not: uplinks to re-arrange, or under 10 % over.

    A machine of exactly the captured size is like for like, and good.
    """
    hardware = target.hardware
    assert hardware is not None
    plan = expected_uplinks(need, target)
    if plan is not None and plan.changes:
        return "its uplinks will be re-arranged: " + next(iter(plan.why.values()), "it has fewer NICs")
    if plan is not None and plan.unconnected:
        return f"no link is left for {', '.join(plan.unconnected)}"
    threads = hardware.cpu_threads or hardware.cpu_cores
    memory = hardware.memory_mib
    # The same machine again carries the same load as ever; nothing about it is tight.
    if memory == need.memory_mib and threads == (need.threads or need.cores):
        return ""
    if need.memory_mib and memory < need.memory_mib * 1.1:
        return f"{amount(memory)} memory for {amount(need.memory_mib)}"
    if need.threads and threads < need.threads * 1.1:
        return f"{threads} threads for {need.threads}"
    return ""


def expected_uplinks(need: Need, target: Target) -> UplinkPlan | None:
    """Returns what `uplinks` would plan if the target's NICs were numbered in slot order, for a host.

    Links that the BMC does not tell count as linked: only the hypervisor will know.
    """
    if need.layout is None or target.hardware is None:
        return None
    ports = tuple(
        Port(name=f"vmnic{position}", link=nic.link is not False, speed_mbit=nic.speed_mbit)
        for position, nic in enumerate(target.hardware.nics)
    )
    return arrange(need.layout, ports)
