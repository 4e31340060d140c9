"""Clusters and vApps: DRS, HA, rules, groups, start order."""

from __future__ import annotations

from typing import Any, Literal

from drconsole.model.inventory import ClusterGroup, ClusterRule, Drs, Ha, VAppEntity
from drconsole.platforms.vsphere.capture.tree import Facts, named, pool
from drconsole.platforms.vsphere.leaves import (
    Props,
    Val,
    child,
    children,
    number,
    text,
    texts,
    truth,
    type_of,
)

_RULES: dict[str, Literal["affinity", "antiAffinity", "vmHost"]] = {
    "ClusterAffinityRuleSpec": "affinity",
    "ClusterAntiAffinityRuleSpec": "antiAffinity",
    "ClusterVmHostRuleInfo": "vmHost",
}
_FAILOVER = "ClusterFailoverLevelAdmissionControlPolicy"


def cluster(props: Props) -> Facts:
    """A ClusterComputeResource's facts; the settings are those of its ClusterConfigInfoEx."""
    settings = props.get("configurationEx")
    return {
        **named(props),
        "resource_pool": text(props.get("resourcePool")),
        "evc_mode": text(props.get("summary.currentEVCModeKey")),
        "drs": _drs(child(settings, "drsConfig")),
        "ha": _ha(child(settings, "dasConfig")),
        "groups": tuple(_group(value) for value in children(settings, "group")),
        "rules": tuple(_rule(value) for value in children(settings, "rule") if type_of(value) in _RULES),
    }


def _drs(value: Val | None) -> Drs | None:
    if value is None:
        return None
    given: dict[str, Any] = {}
    if automation := text(value, "defaultVmBehavior"):
        given["automation"] = automation
    return Drs(
        enabled=truth(value, "enabled"), migration_threshold=number(value, "vmotionRate", default=3), **given
    )


def _ha(value: Val | None) -> Ha | None:
    if value is None:
        return None
    given: dict[str, Any] = {}
    if monitoring := text(value, "vmMonitoring"):
        given["vm_monitoring"] = monitoring
    policy = child(value, "admissionControlPolicy")
    level = number(value, "failoverLevel", default=1)
    if policy is not None and type_of(policy) == _FAILOVER:
        level = number(policy, "failoverLevel", default=level)
    return Ha(
        enabled=truth(value, "enabled"),
        admission_control=truth(value, "admissionControlEnabled", default=True),
        failover_level=level,
        host_monitoring=text(value, "hostMonitoring", default="enabled") == "enabled",
        restart_priority=text(value, "defaultVmSettings", "restartPriority", default="medium"),
        isolation_response=text(value, "defaultVmSettings", "isolationResponse", default="none"),
        **given,
    )


def _group(value: Val) -> ClusterGroup:
    hosts = type_of(value) == "ClusterHostGroup"
    return ClusterGroup(
        name=text(value, "name"),
        type="host" if hosts else "vm",
        members=tuple(sorted(texts(value, "host" if hosts else "vm"))),
    )


def _rule(value: Val) -> ClusterRule:
    return ClusterRule(
        name=text(value, "name"),
        type=_RULES[type_of(value)],
        enabled=truth(value, "enabled"),
        mandatory=truth(value, "mandatory"),
        vm_group=text(value, "vmGroupName"),
        affine_host_group=text(value, "affineHostGroupName"),
        anti_affine_host_group=text(value, "antiAffineHostGroupName"),
        guests=tuple(sorted(texts(value, "vm"))),
    )


def vapp(props: Props) -> Facts:
    """A VirtualApp's facts: those of its pool, its folder, and the start order of its members."""
    settings = props.get("vAppConfig")
    return {
        **pool(props),
        "folder": text(props.get("parentFolder")),
        "annotation": text(settings, "annotation"),
        "entities": tuple(_entity(value) for value in children(settings, "entityConfig")),
    }


def _entity(value: Val) -> VAppEntity:
    return VAppEntity(
        member=text(value, "key"),
        start_order=number(value, "startOrder"),
        start_delay=number(value, "startDelay"),
        start_action=text(value, "startAction", default="powerOn"),
        stop_action=text(value, "stopAction", default="powerOff"),
        stop_delay=number(value, "stopDelay"),
        waiting_for_guest=truth(value, "waitingForGuest"),
    )
