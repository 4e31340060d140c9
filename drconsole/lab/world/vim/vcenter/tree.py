"""The inventory tree: names, what holds what, and moving about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.objects import ManagedEntity, entity_name

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call
    from drconsole.lab.world.vim.vcenter.datacenters import Datacenter
    from drconsole.lab.world.vim.vcenter.server import VCenter

LONGEST_NAME = 80


def checked_name(name: str) -> str:
    """Returns a name as the inventory stores it. Raises InvalidName for none, or one too long."""
    stored = entity_name(name)
    if not name.strip() or len(name) > LONGEST_NAME:
        raise fault("InvalidName", f"{name[:90]!r} is no name of 1 to 80 characters", name=name)
    return stored


def vcenter_of(item: ManagedEntity) -> VCenter:
    """Returns the vCenter that an inventory object belongs to."""
    return cast("VCenter", item.endpoint)


def datacenter_of(item: ManagedEntity) -> Datacenter:
    """Returns the datacenter above an object. Raises InvalidArgument where it has none."""
    above: ManagedEntity | None = item
    while above is not None and above.wsdl != "Datacenter":
        above = above.parent
    if above is None:
        raise fault("InvalidArgument", f"{item.name} lies in no datacenter", invalidProperty="datacenter")
    return cast("Datacenter", above)


class TreeEntity(ManagedEntity):
    """An inventory object that a client may rename.

    `children` are the objects that it holds by name, in the order in which they came; `holding`
    is the property that lists them.
    """

    holding: ClassVar[str] = ""

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self.children: dict[str, ManagedEntity] = {}
        self._named: dict[str, ManagedEntity] = {}

    def set(self, **props: Any) -> None:
        """As for every object; setting the property that lists what it holds changes just that."""
        held = props.pop(self.holding, None)
        if held is not None:
            self.children = {ref._moId: cast("ManagedEntity", self.endpoint.at(ref)) for ref in held}
            self._named = {item.name: item for item in self.children.values()}
            self.touch(self.holding)
        if props:
            super().set(**props)

    def child(self, name: str) -> ManagedEntity | None:
        """Returns what it holds under a name."""
        found = self._named.get(name)
        if found is not None and found.value("name") == name:
            return found
        return next((item for item in self.children.values() if item.value("name") == name), None)

    def refuse_duplicate(self, name: str) -> None:
        """Raises DuplicateName where something of that name is held."""
        found = self.child(name)
        if found is not None:
            raise fault("DuplicateName", f"The name '{name}' already exists.", name=name, object=found.ref())

    def adopt(self, item: ManagedEntity) -> None:
        """Holds an object from now on, as its parent."""
        self.children[item.moid] = item
        self._named[item.name] = item
        item.set(parent=self.ref())
        self.touch(self.holding)

    def release(self, item: ManagedEntity) -> None:
        """Holds an object no longer."""
        self.children.pop(item.moid, None)
        self._named.pop(item.name, None)
        self.touch(self.holding)

    def references(self) -> list[Any]:
        """Returns references to what it holds."""
        return [item.ref() for item in self.children.values()]

    def write(self, call: Call, effect: str, **detail: Any) -> None:
        """Writes an effect on this object to the ledger."""
        call.write(effect, vcenter_of(self).path_of(self), kind=self.wsdl, **detail)

    async def Rename_Task(self, call: Call, newName: str) -> None:
        name = checked_name(newName)
        above = self.parent
        if name != self.name and isinstance(above, TreeEntity):
            above.refuse_duplicate(name)
        await call.take("vcenter.rename")
        self.write(call, "update", name=name)
        self.renamed(name)

    def renamed(self, name: str) -> None:
        """Takes another name."""
        above = self.parent
        self.set(name=name)
        if isinstance(above, TreeEntity):
            above.adopt(self)
