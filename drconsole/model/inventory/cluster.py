"""Clusters, resource pools and vApps: how computing is shared."""

from __future__ import annotations

from typing import Annotated, Literal

from drconsole.model.inventory.base import Count, Element, Object, refers, tag

SharesLevel = Literal["low", "normal", "high", "custom"]


class Drs(Element, frozen=True, kw_only=True):
    """Distributed resource scheduling; `migration_threshold` is 1 (eager) to 5 as in the API."""

    enabled: bool
    automation: Literal["manual", "partiallyAutomated", "fullyAutomated"] = "fullyAutomated"
    migration_threshold: Count = 3


class Ha(Element, frozen=True, kw_only=True):
    """High availability (das) settings."""

    enabled: bool
    admission_control: bool = True
    failover_level: Count = 1
    host_monitoring: bool = True
    vm_monitoring: Literal["vmMonitoringDisabled", "vmMonitoringOnly", "vmAndAppMonitoring"] = (
        "vmMonitoringDisabled"
    )
    restart_priority: str = "medium"
    isolation_response: str = "none"


class ClusterGroup(Element, frozen=True, kw_only=True):
    """A named set of guests or of hosts, for rules."""

    key_field = "name"

    name: str
    type: Literal["vm", "host"]
    members: Annotated[tuple[Annotated[str, refers("virtualMachine", "host")], ...], tag("member")] = ()


class ClusterRule(Element, frozen=True, kw_only=True):
    """A placement rule. Affinity rules use `guests`, vmHost rules the three groups."""

    key_field = "name"

    name: str
    type: Literal["affinity", "antiAffinity", "vmHost"]
    enabled: bool = True
    mandatory: bool = False
    vm_group: str = ""
    affine_host_group: str = ""
    anti_affine_host_group: str = ""
    guests: Annotated[tuple[Annotated[str, refers("virtualMachine")], ...], tag("guest")] = ()


class Cluster(Object, frozen=True, kw_only=True):
    """A cluster of hosts; `resource_pool` is its invisible root pool."""

    kind = "cluster"

    parent: Annotated[str, refers("folder")]
    resource_pool: Annotated[str, refers("resourcePool")] = ""
    evc_mode: str = ""
    drs: Drs | None = None
    ha: Ha | None = None
    groups: Annotated[tuple[ClusterGroup, ...], tag("group")] = ()
    rules: Annotated[tuple[ClusterRule, ...], tag("rule")] = ()


class Allocation(Element, frozen=True, kw_only=True):
    """CPU (MHz) or memory (MiB) that a pool or guest is given; `limit` -1 is unlimited."""

    reservation: Count = 0
    limit: int = -1
    expandable: bool = False
    shares_level: SharesLevel = "normal"
    shares: Count = 0


class ResourcePool(Object, frozen=True, kw_only=True):
    """A resource pool; the root pool's parent is its cluster, or its host where that stands alone."""

    kind = "resourcePool"

    parent: Annotated[str, refers("resourcePool", "vApp", "cluster", "host")]
    cpu: Allocation | None = None
    memory: Allocation | None = None


class VAppEntity(Element, frozen=True, kw_only=True):
    """A member of a vApp in its start order; delays are seconds."""

    key_field = "member"

    member: Annotated[str, refers("virtualMachine", "vApp")]
    start_order: Count = 0
    start_delay: Count = 0
    start_action: str = "powerOn"
    stop_action: str = "powerOff"
    stop_delay: Count = 0
    waiting_for_guest: bool = False


class VApp(Object, frozen=True, kw_only=True):
    """A vApp: a resource pool that starts and stops as one."""

    kind = "vApp"

    parent: Annotated[str, refers("resourcePool", "vApp")]
    folder: Annotated[str, refers("folder")] = ""
    annotation: str = ""
    cpu: Allocation | None = None
    memory: Allocation | None = None
    entities: Annotated[tuple[VAppEntity, ...], tag("entity")] = ()
