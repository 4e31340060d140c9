"""Clusters and stand-alone hosts: compute resources, their settings, rules and groups."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.apply import edited, merged
from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.objects import ManagedEntity, ManagedObject, computed
from drconsole.lab.world.vim.vcenter.pools import ResourcePool
from drconsole.lab.world.vim.vcenter.tree import TreeEntity

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call


class EnvironmentBrowser(ManagedObject):
    """What a compute resource offers to guests."""

    wsdl = "EnvironmentBrowser"
    prefix = "envbrowser"


class ComputeResource(TreeEntity):
    """Hosts that share resources; stand-alone, exactly one. `children` are its hosts."""

    wsdl = "ComputeResource"
    prefix = "domain-s"
    holding = "host"
    volatile = frozenset({"datastore", "network", "summary", "summaryEx"})

    def furnish(self) -> None:
        """Makes the root pool and what else every compute resource has."""
        pool = self.endpoint.add(ResourcePool(self.endpoint, name="Resources", owner=self.ref()))
        pool.set(parent=self.ref())
        browser = self.endpoint.add(EnvironmentBrowser(self.endpoint))
        self.set(resourcePool=pool.ref(), environmentBrowser=browser.ref())

    @property
    def pool(self) -> ResourcePool:
        """The root pool."""
        found = self.endpoint.at(self.props["resourcePool"])
        assert isinstance(found, ResourcePool)
        return found

    @computed("host")
    def _host(self) -> Any:
        return self.references()

    @computed("datastore", of=("host",))
    def _datastore(self) -> Any:
        return self._of_hosts("datastore")

    @computed("network", of=("host",))
    def _network(self) -> Any:
        return self._of_hosts("network")

    def _of_hosts(self, name: str) -> list[Any]:
        found = {ref._moId: ref for host in self.children.values() for ref in host.value(name) or ()}
        return list(found.values())

    @computed("configurationEx")
    def _configuration_ex(self) -> Any:
        return new("ComputeResourceConfigInfo", vmSwapPlacement="vmDirectory")

    @computed("summary", of=("host",))
    def _summary(self) -> Any:
        return new("ComputeResourceSummary", **self._capacity())

    def _capacity(self) -> dict[str, Any]:
        hardware = [h for host in self.children.values() if (h := host.get("summary.hardware")) is not None]
        return {
            "totalCpu": sum(h.cpuMhz * h.numCpuCores for h in hardware),
            "totalMemory": sum(h.memorySize for h in hardware),
            "numCpuCores": sum(h.numCpuCores for h in hardware),
            "numCpuThreads": sum(h.numCpuThreads for h in hardware),
            "effectiveCpu": sum(h.cpuMhz * h.numCpuCores for h in hardware),
            "effectiveMemory": sum(h.memorySize for h in hardware) >> 20,
            "numHosts": len(self.children),
            "numEffectiveHosts": len(self.children),
            "overallStatus": "green",
        }

    async def Destroy_Task(self, call: Call) -> None:
        if any(host.value("vm") for host in self.children.values()):
            raise fault("ResourceInUse", f"{self.name} has guests", type=self.wsdl, name=self.name)
        await call.take("vcenter.destroy")
        self.write(call, "destroy")
        above = self.parent
        if isinstance(above, TreeEntity):
            above.release(self)
        for gone in (self.pool, *self.children.values(), self):
            self.endpoint.remove(gone)


class Cluster(ComputeResource):
    """A cluster: DRS and HA settings, rules and groups."""

    wsdl = "ClusterComputeResource"
    prefix = "domain-c"
    defaults: ClassVar[dict[str, Any]] = {
        "drsRecommendation": [],
        "migrationHistory": [],
        "actionHistory": [],
        "drsFault": [],
        "recommendation": [],
        "lifecycleManaged": False,
    }

    def furnish(self) -> None:
        super().furnish()
        self._next_key = 1
        self._config = _fresh_config()

    @computed("configurationEx")
    def _configuration_ex(self) -> Any:
        return self._config

    @computed("configuration")
    def _configuration(self) -> Any:
        config = self._config
        return new(
            "ClusterConfigInfo", dasConfig=config.dasConfig, drsConfig=config.drsConfig, rule=config.rule
        )

    @computed("summary", of=("host", "configurationEx"))
    def _summary(self) -> Any:
        return new(
            "ClusterComputeResourceSummary",
            **self._capacity(),
            currentFailoverLevel=max(0, len(self.children) - 1),
            numVmotions=0,
            currentEVCModeKey=self.evc_mode or None,
        )

    @computed("summaryEx", of=("host", "configurationEx"))
    def _summary_ex(self) -> Any:
        return self._summary()

    evc_mode: str = ""

    def reconfigure(self, spec: Any) -> None:
        """Applies a ClusterConfigSpecEx to the settings. Raises InvalidArgument."""
        config = merged(self._config, spec)
        groups = edited(config.group, getattr(spec, "groupSpec", ()), _name)
        rules = edited(config.rule, [self._keyed(u) for u in spec.rulesSpec], _key)
        self._check(groups, rules)
        config = changed(config, group=groups, rule=rules)
        for prop, updates in (("dasVmConfig", "dasVmConfigSpec"), ("drsVmConfig", "drsVmConfigSpec")):
            given = getattr(spec, updates, ())
            config = changed(config, **{prop: edited(getattr(config, prop), given, _guest_key)})
        self._config = config
        self.touch("configurationEx", "configuration")

    def _keyed(self, update: Any) -> Any:
        """Gives a new rule its key and uuid, which a client leaves to the server."""
        if str(update.operation) != "add":
            return update
        key, self._next_key = self._next_key, self._next_key + 1
        identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.moid}/{key}"))
        return changed(update, info=changed(update.info, key=key, ruleUuid=identity, status="green"))

    def _check(self, groups: list[Any], rules: list[Any]) -> None:
        names = [rule.name for rule in rules]
        if len(set(names)) != len(names):
            raise fault("InvalidArgument", "two rules of one name", invalidProperty="rulesSpec")
        known = {group.name for group in groups}
        for rule in rules:
            named = (
                getattr(rule, f, None)
                for f in ("vmGroupName", "affineHostGroupName", "antiAffineHostGroupName")
            )
            for group in filter(None, named):
                if group not in known:
                    raise fault("InvalidArgument", f"no group {group}", invalidProperty="rulesSpec")
            for ref in getattr(rule, "vm", None) or ():
                self.endpoint.at(ref)

    def forget_guest(self, moid: str) -> None:
        """Takes a guest that is gone out of rules and groups."""
        rules = [
            changed(r, vm=[v for v in r.vm if v._moId != moid]) if hasattr(r, "vm") else r
            for r in self._config.rule
        ]
        groups = [
            changed(g, vm=[v for v in g.vm if v._moId != moid]) if hasattr(g, "vm") else g
            for g in self._config.group
        ]
        self._config = changed(self._config, rule=rules, group=groups)
        self.touch("configurationEx", "configuration")

    async def ReconfigureComputeResource_Task(self, call: Call, spec: Any, modify: bool) -> None:
        await call.take("vcenter.reconfigure")
        if not modify:
            self._config = _fresh_config()
        self.reconfigure(spec)
        self.write(call, "update")

    async def AddHost_Task(
        self, call: Call, spec: Any, asConnected: bool, resourcePool: Any, license: str | None
    ) -> Any:
        from drconsole.lab.world.vim.esxi.connecting import connect_host

        return await connect_host(call, self, spec)

    async def MoveInto_Task(self, call: Call, host: Any) -> None:
        moving = [self.endpoint.at(ref) for ref in host]
        await call.take("vcenter.move")
        for item in moving:
            above = item.parent if isinstance(item, ManagedEntity) else None
            if not isinstance(item, ManagedEntity) or not isinstance(above, ComputeResource):
                raise fault("InvalidArgument", "only hosts move into a cluster", invalidProperty="host")
            above.release(item)
            self.adopt(item)
            if not isinstance(above, Cluster):
                await above.Destroy_Task(call)


def _fresh_config() -> Any:
    das = new(
        "ClusterDasConfigInfo",
        enabled=False,
        admissionControlEnabled=True,
        failoverLevel=1,
        hostMonitoring="enabled",
        vmMonitoring="vmMonitoringDisabled",
        admissionControlPolicy=new("ClusterFailoverLevelAdmissionControlPolicy", failoverLevel=1),
        defaultVmSettings=new(
            "ClusterDasVmSettings",
            restartPriority="medium",
            isolationResponse="none",
            restartPriorityTimeout=600,
        ),
    )
    drs = new(
        "ClusterDrsConfigInfo", enabled=False, defaultVmBehavior="fullyAutomated", vmotionRate=3,
        enableVmBehaviorOverrides=True,
    )  # fmt: skip
    return new("ClusterConfigInfoEx", dasConfig=das, drsConfig=drs, vmSwapPlacement="vmDirectory")


def _name(item: Any) -> Any:
    return item.name


def _key(item: Any) -> Any:
    return item.key


def _guest_key(item: Any) -> Any:
    return item.key._moId
