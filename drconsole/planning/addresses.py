"""Gives each role its address on the provisioning network."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from ipaddress import IPv4Address

from drconsole.errors import Refused
from drconsole.model.site import Provisioning


def assign_addresses(
    network: Provisioning, roles: Sequence[str], in_use: Collection[str] = ()
) -> dict[str, str]:
    """Returns role → address, the roles in the order given, the addresses ascending.

    `in_use` are addresses of other runs' machines; the boot service's and the gateway's are left out
    too. Raises Refused, saying how many are missing, where the range is too small.
    """
    taken = {IPv4Address(address) for address in (*in_use, network.address, network.gateway) if address}
    free = _free(network, taken)
    assigned = {role: str(address) for role, address in zip(dict.fromkeys(roles), free, strict=False)}
    missing = len(set(roles)) - len(assigned)
    if missing:
        raise Refused(
            f"{missing} more addresses are needed than {network.first}–{network.last} has free",
            about="[provisioning]",
            remedy="widen first and last, or clean a finished run up",
        )
    return assigned


def _free(network: Provisioning, taken: Collection[IPv4Address]) -> Iterator[IPv4Address]:
    for number in range(int(IPv4Address(network.first)), int(IPv4Address(network.last)) + 1):
        address = IPv4Address(number)
        if address not in taken:
            yield address
