"""Folders, clusters, pools and vApps of a dump."""

from __future__ import annotations

from typing import Any

from drconsole.lab.dump.values import allocation, path_of
from drconsole.lab.world.vim.registry import wire_name
from drconsole.lab.world.vim.vcenter.folders import HOLDS

FOLDER_TYPES = {"d": "datacenter", "v": "vm", "h": "host", "s": "datastore", "n": "network"}
assert FOLDER_TYPES.keys() == HOLDS.keys()


def folder(item: Any) -> dict[str, Any]:
    """What a folder shows."""
    return {"type": FOLDER_TYPES[item.holds], "parent": path_of(item.endpoint, item.value("parent"))}


def cluster(item: Any) -> dict[str, Any]:
    """What a cluster shows: DRS, HA, groups and rules."""
    config = item.value("configurationEx")
    drs, das = config.drsConfig, config.dasConfig
    return {
        "parent": path_of(item.endpoint, item.value("parent")),
        "evcMode": item.evc_mode,
        "drs": {
            "enabled": bool(drs.enabled),
            "automation": str(drs.defaultVmBehavior),
            "migrationThreshold": drs.vmotionRate,
        },
        "ha": {
            "enabled": bool(das.enabled),
            "admissionControl": bool(das.admissionControlEnabled),
            "failoverLevel": das.failoverLevel,
            "hostMonitoring": str(das.hostMonitoring),
            "vmMonitoring": str(das.vmMonitoring),
            "restartPriority": str(das.defaultVmSettings.restartPriority),
            "isolationResponse": str(das.defaultVmSettings.isolationResponse),
        },
        "groups": sorted((_group(item, group) for group in config.group), key=lambda g: str(g["name"])),
        "rules": sorted((_rule(item, rule) for rule in config.rule), key=lambda r: str(r["name"])),
    }


def _group(item: Any, group: Any) -> dict[str, Any]:
    hosts = wire_name(type(group)) == "ClusterHostGroup"
    members = group.host if hosts else group.vm
    return {
        "name": group.name,
        "type": "host" if hosts else "vm",
        "members": sorted(path_of(item.endpoint, member) for member in members),
    }


def _rule(item: Any, rule: Any) -> dict[str, Any]:
    kind = {
        "ClusterAffinityRuleSpec": "affinity",
        "ClusterAntiAffinityRuleSpec": "antiAffinity",
        "ClusterVmHostRuleInfo": "vmHost",
    }[wire_name(type(rule))]
    return {
        "name": rule.name,
        "type": kind,
        "enabled": bool(rule.enabled),
        "mandatory": bool(rule.mandatory),
        "vmGroup": getattr(rule, "vmGroupName", None) or "",
        "affineHostGroup": getattr(rule, "affineHostGroupName", None) or "",
        "antiAffineHostGroup": getattr(rule, "antiAffineHostGroupName", None) or "",
        "guests": sorted(path_of(item.endpoint, guest) for guest in getattr(rule, "vm", None) or ()),
    }


def resource_pool(item: Any) -> dict[str, Any]:
    """What a pool shows."""
    config = item.value("config")
    return {
        "parent": path_of(item.endpoint, item.value("parent")),
        "cpu": allocation(config.cpuAllocation),
        "memory": allocation(config.memoryAllocation),
    }


def vapp(item: Any) -> dict[str, Any]:
    """What a vApp shows: besides a pool's, its members in their start order."""
    config = item.value("vAppConfig")
    return {
        **resource_pool(item),
        "folder": path_of(item.endpoint, item.value("parentFolder")),
        "annotation": config.annotation or "",
        "entities": [
            {
                "member": path_of(item.endpoint, entity.key),
                "startOrder": entity.startOrder,
                "startDelay": entity.startDelay,
                "startAction": str(entity.startAction),
                "stopAction": str(entity.stopAction),
                "stopDelay": entity.stopDelay,
                "waitingForGuest": bool(entity.waitingForGuest),
            }
            for entity in config.entityConfig
        ],
    }
