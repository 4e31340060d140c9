"""Views: sets of objects that property filters start from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.objects import ManagedObject, computed

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call

BELOW: dict[str, tuple[str, ...]] = {
    "Folder": ("childEntity",),
    "Datacenter": ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder"),
    "ComputeResource": ("host", "resourcePool"),
    "ResourcePool": ("resourcePool", "vm"),
    "HostSystem": ("vm",),
}
"""What lies below an object of each type, for container views."""


class View(ManagedObject):
    """What all views share."""

    wsdl = "View"
    volatile = frozenset({"view"})
    prefix = "view"

    async def DestroyView(self, call: Call) -> None:
        self.endpoint.remove(self)
        manager = self.endpoint.single(ViewManager)
        manager.touch("viewList")


class ContainerView(View):
    """The objects below a container, of some types or all, directly or all the way down."""

    wsdl = "ContainerView"

    @computed("view")
    def _view(self) -> Any:
        container = self.endpoint.at(self.props["container"])
        kinds = tuple(self.props["type"])
        recursive = self.props["recursive"]
        below = self._descend(container, set()) if recursive else children(container)
        found = {item.moid: item.ref() for item in below}
        return [ref for ref in found.values() if not kinds or isinstance(ref, kinds)]

    def _descend(self, item: ManagedObject, seen: set[str]) -> Iterator[ManagedObject]:
        for child in children(item):
            if child.moid not in seen:
                seen.add(child.moid)
                yield child
                yield from self._descend(child, seen)


class ListView(View):
    """The objects that a client listed; those that are gone drop out."""

    wsdl = "ListView"

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self._listed: dict[str, Any] = {}

    @computed("view")
    def _view(self) -> Any:
        return [ref for moid, ref in self._listed.items() if moid in self.endpoint.objects]

    async def ModifyListView(self, call: Call, add: Any, remove: Any) -> Any:
        for ref in remove:
            self._listed.pop(ref._moId, None)
        return self.take(add)

    async def ResetListView(self, call: Call, obj: Any) -> Any:
        self._listed.clear()
        return self.take(obj)

    def take(self, references: Any) -> Any:
        """Adds references and returns those of no object."""
        self._listed |= {ref._moId: ref for ref in references if ref._moId in self.endpoint.objects}
        self.touch("view")
        return [ref for ref in references if ref._moId not in self.endpoint.objects]


class ViewManager(ManagedObject):
    """Makes views; they go with the session that made them."""

    wsdl = "ViewManager"

    @computed("viewList")
    def _view_list(self) -> Any:
        return [view.ref() for view in self.endpoint.of(View)]

    async def CreateContainerView(self, call: Call, container: Any, type: Any, recursive: bool) -> Any:
        top = self.endpoint.at(container)
        if not any(getattr(kind, "_wsdlName", "") in BELOW for kind in top.ref().__class__.__mro__):
            raise fault("InvalidArgument", f"{top.wsdl} contains nothing", invalidProperty="container")
        return self._made(
            call, ContainerView(self.endpoint, container=container, type=type, recursive=recursive)
        )

    async def CreateListView(self, call: Call, obj: Any) -> Any:
        view = ListView(self.endpoint)
        view.take(obj)
        return self._made(call, view)

    def _made(self, call: Call, view: View) -> Any:
        self.endpoint.add(view)
        if call.session is not None:
            call.session.closing.append(lambda: self.endpoint.remove(view))
        self.touch("viewList")
        return view.ref()


def children(item: ManagedObject) -> Iterator[ManagedObject]:
    """Yields the objects directly below one, those that exist."""
    for kind in type(item.ref()).__mro__:
        names = BELOW.get(getattr(kind, "_wsdlName", ""))
        for name in names or ():
            value = item.value(name)
            for ref in value if isinstance(value, list) else () if value is None else (value,):
                child = item.endpoint.objects.get(ref._moId)
                if child is not None:
                    yield child
        if names:
            return
