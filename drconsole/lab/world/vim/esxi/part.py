"""What the managers of a host share: they belong to a HostSystem and change its hypervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.objects import Endpoint, ManagedObject

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor
    from drconsole.lab.world.vim.esxi.host_system import HostSystem


class HostPart(ManagedObject):
    """A manager of one host. `shows` tells for which roots of HostSystem it must be touched."""

    shows: ClassVar[frozenset[str]] = frozenset({"config"})

    def __init__(self, endpoint: Endpoint, moid: str, host: HostSystem, **props: Any) -> None:
        super().__init__(endpoint, moid, **props)
        self.host = host

    @property
    def hypervisor(self) -> Hypervisor:
        """The state that this manager shows."""
        return self.host.hypervisor
