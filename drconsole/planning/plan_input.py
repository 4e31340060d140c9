"""What the drivers are given to derive their steps from: all of it decided, none of it secret."""

from __future__ import annotations

import msgspec

from drconsole.model.custom import CustomStep
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import Former, Verdict
from drconsole.model.site import Provisioning, SitePlan
from drconsole.model.step import Mode
from drconsole.model.target import Target


class PreEmption(msgspec.Struct, frozen=True, kw_only=True):
    """What a real run takes away from a drill: its `groups` (`array/group`) lose their clones, its
    `targets` are installed anew."""

    drill: str
    groups: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


class PlanInput(msgspec.Struct, frozen=True, kw_only=True):
    """The decided inputs of one run's plan.

    `targets` holds those that the mapping names. `addresses` gives each role (by its protected
    name) its address on the provisioning network. `deadlines` are seconds by kind. `former` are targets
    that an amendment took their role from: they are wiped by the cleanup, and stand in `targets` too.
    `pre_empts` are the drills that a real run takes something from. `custom` are the customer's steps
    that apply to this site and mode. With `review_uplinks` each host whose uplinks change asks before it
    moves for good; `refused_uplinks` are, by target, the ports that operators have rolled back there.
    """

    run: str
    mode: Mode
    site: SitePlan
    provisioning: Provisioning
    snapshot_id: str
    snapshot: Snapshot
    mapping: HostMapping
    selection: VmSelection
    verdicts: tuple[Verdict, ...]
    targets: dict[str, Target]
    addresses: dict[str, str]
    deadlines: dict[str, float]
    former: tuple[Former, ...] = ()
    custom: tuple[CustomStep, ...] = ()
    pre_empts: tuple[PreEmption, ...] = ()
    review_uplinks: bool = False
    refused_uplinks: dict[str, tuple[str, ...]] = {}

    @property
    def taken(self) -> dict[str, str]:
        """Target → the drill that it is taken from."""
        return {target: loss.drill for loss in self.pre_empts for target in loss.targets}
