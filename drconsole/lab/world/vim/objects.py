"""Managed objects, and the endpoint that serves them.

A managed object is plain property values, computed ones, and handlers named as on the wire. An
endpoint is one vSphere server, a vCenter or a host; both show the same world.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from drconsole.lab.world.vim.new import converted, fault
from drconsole.lab.world.vim.registry import SERVED, properties, wsdl_type

if TYPE_CHECKING:
    from drconsole.lab.world.vim.sessions import Sessions
    from drconsole.lab.world.world import World

M = TypeVar("M", bound="ManagedObject")
Listener = Callable[["ManagedObject", frozenset[str] | None], None]
"""Told of a change: the object, and the roots that changed; None when it appeared or went."""


def computed(name: str, *, of: Iterable[str] = ()) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Marks a method that computes the property `name`.

    `of` names plain properties that it is made from: a change of one is a change of it too.
    """

    def mark(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        function.__dict__["computes"] = (name, tuple(of))
        return function

    return mark


class ManagedObject:
    """One managed object of an endpoint.

    `wsdl` is its type on the wire, `prefix` what its ids start with. `defaults` are values shared
    by all objects of the class: never change one in place. Property values are pyVmomi data
    objects, scalars, lists and references (`other.ref()`), never ManagedObjects of ours.
    """

    wsdl: ClassVar[str] = "ManagedObject"
    prefix: ClassVar[str] = "object"
    defaults: ClassVar[dict[str, Any]] = {}
    volatile: ClassVar[frozenset[str]] = frozenset()
    """Roots that depend on what nobody tells of, such as an array's presentations: never cached."""
    _computed: ClassVar[dict[str, Callable[[Any], Any]]] = {}
    _derived: ClassVar[dict[str, frozenset[str]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        found: dict[str, Callable[[Any], Any]] = {}
        derived: dict[str, frozenset[str]] = {}
        for base in reversed(cls.__mro__):
            for function in vars(base).values():
                name, sources = getattr(function, "computes", (None, ()))
                if name is not None:
                    found[name] = function
                    for source in sources:
                        derived[source] = derived.get(source, frozenset()) | {name}
        cls._computed, cls._derived = found, derived
        inherited: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            inherited |= vars(base).get("defaults", {})
        cls.defaults = inherited

    def __init__(self, endpoint: Endpoint, moid: str | None = None, **props: Any) -> None:
        self.endpoint = endpoint
        self.moid = moid or endpoint.next_id(self.prefix)
        self.props: dict[str, Any] = {}
        self.fragments: dict[tuple[str, str], bytes] = {}
        self._ref = wsdl_type(self.wsdl)(self.moid)
        self._store(props)

    @property
    def world(self) -> World:
        """The world that the endpoint shows."""
        return self.endpoint.world

    def ref(self) -> Any:
        """Returns the pyVmomi reference to this object, without a stub."""
        return self._ref

    @classmethod
    def infos(cls) -> dict[str, Any]:
        """Returns what the registry says of the properties: name → info."""
        return properties(wsdl_type(cls.wsdl))

    def value(self, name: str) -> Any:
        """Returns a root property; None where it is unset."""
        compute = self._computed.get(name)
        if compute is not None:
            return compute(self)
        return self.props[name] if name in self.props else self.defaults.get(name)

    def get(self, path: str) -> Any:
        """Returns the value under a property path such as `config.hardware.device[4000]`.

        None where it, or something on the way, is unset. Raises InvalidProperty.
        """
        from drconsole.lab.world.vim.paths import walk

        return walk(self, path)

    def set(self, **props: Any) -> None:
        """Stores root properties and tells the watchers. Raises TypeError for an unknown one."""
        self._store(props)
        self.touch(*props)

    def touch(self, *roots: str) -> None:
        """Says that these root properties changed; without any, that all may have."""
        self.endpoint.touch(self, *roots)

    def retired(self) -> None:
        """Its endpoint is gone: whoever watches something stops."""

    def _store(self, props: dict[str, Any]) -> None:
        infos = self.infos()
        for name, value in props.items():
            if name not in infos:
                raise TypeError(f"{self.wsdl} has no property {name}")
            self.props[name] = converted(infos[name], value)

    def __repr__(self) -> str:
        return f"<{self.wsdl} {self.moid}>"


_ESCAPES = re.compile(r"[/\\]|%(?!2[fF]|5[cC]|25)")


def entity_name(name: str) -> str:
    r"""Escapes a name as vCenter stores it: `/`, `\\` and a `%` that starts no escape sequence."""
    return _ESCAPES.sub(lambda match: f"%{ord(match.group()):02x}", name)


class ManagedEntity(ManagedObject):
    """An object of the inventory: it has a name and a parent."""

    wsdl = "ManagedEntity"
    defaults: ClassVar[dict[str, Any]] = {
        "configStatus": "green",
        "overallStatus": "green",
        "alarmActionsEnabled": True,
        "effectiveRole": [-1],
        "configIssue": [],
        "customValue": [],
        "declaredAlarmState": [],
        "disabledMethod": [],
        "permission": [],
        "recentTask": [],
        "tag": [],
        "triggeredAlarmState": [],
        "availableField": [],
        "value": [],
    }

    @property
    def name(self) -> str:
        """The name, escaped as vCenter stores it."""
        return cast("str", self.value("name"))

    @property
    def parent(self) -> ManagedEntity | None:
        """The object above, None for the root folder."""
        reference = self.value("parent")
        return None if reference is None else cast("ManagedEntity", self.endpoint.at(reference))

    def path(self) -> str:
        """The names from below the root folder down, separated by `/`: unique in its endpoint."""
        above = self.parent
        if above is None:
            return ""
        upper = above.path()
        return f"{upper}/{self.name}" if upper else self.name


class Endpoint:
    """One vSphere server. `name` is its actor in the ledger, such as `vcenter:vc-01`.

    `version` is the API's version as pyVmomi calls it; `about` an AboutInfo; `content` the
    ServiceContent. `fails(method, target)` gives the fault that a task shall end with, or None;
    `expires(method)` whether every session shall end at this call. `undeclared` collects what a
    handler raised and must not have. Ids are counted per prefix from
    `first_id`, so that they do not depend on the order in which other kinds come.
    """

    def __init__(self, world: World, name: str, about: Any, sessions: Sessions, *, first_id: int = 1) -> None:
        self.world = world
        self.name = name
        self.about = about
        self.sessions = sessions
        self.version = SERVED
        self.content: Any = None
        self.objects: dict[str, ManagedObject] = {}
        self.listeners: set[Listener] = set()
        self.undeclared: list[str] = []
        self.fails: Callable[[str, ManagedObject], Any] = lambda _method, _target: None
        self.expires: Callable[[str], bool] = lambda _method: False
        self._running: set[asyncio.Task[Any]] = set()
        self._first_id = first_id
        self._ids: dict[str, int] = {}

    def next_id(self, prefix: str) -> str:
        """Returns an id that was never given before, such as `vm-101`."""
        number = self._ids.get(prefix, self._first_id)
        self._ids[prefix] = number + 1
        return f"{prefix}-{number}"

    def add(self, made: M) -> M:
        """Puts an object into service and returns it."""
        self.objects[made.moid] = made
        self._tell(made, None)
        return made

    def remove(self, gone: ManagedObject) -> None:
        """Takes an object out of service; references to it fault from now on."""
        if self.objects.pop(gone.moid, None) is not None:
            self._tell(gone, None)

    def touch(self, changed: ManagedObject, *roots: str) -> None:
        """Drops cached fragments of root properties (all, without any) and tells the watchers."""
        names = frozenset(roots) if roots else frozenset(changed.infos())
        for root in roots:
            names |= changed._derived.get(root, frozenset())
        for key in [key for key in changed.fragments if key[1].split(".", 1)[0].split("[", 1)[0] in names]:
            del changed.fragments[key]
        self._tell(changed, names)

    def _tell(self, changed: ManagedObject, roots: frozenset[str] | None) -> None:
        for listener in tuple(self.listeners):
            listener(changed, roots)

    def at(self, reference: Any) -> ManagedObject:
        """Returns the object of a reference. Raises ManagedObjectNotFound."""
        found = self.objects.get(reference._moId)
        if found is None or not isinstance(found.ref(), type(reference)):
            raise fault("ManagedObjectNotFound", obj=reference)
        return found

    def of(self, kind: type[M]) -> list[M]:
        """Returns all objects of a class, in the order in which they came."""
        return [item for item in self.objects.values() if isinstance(item, kind)]

    def single(self, kind: type[M]) -> M:
        """Returns the one object of a class, such as the SearchIndex. Raises LookupError."""
        found = next((item for item in self.objects.values() if isinstance(item, kind)), None)
        if found is None:
            raise LookupError(f"{self.name} has no {kind.wsdl}")
        return found

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Lets work go on by itself until it ends or the endpoint closes."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def close(self) -> None:
        """Stops running work and ends every session: the server went down."""
        self.sessions.expire()
        for task in tuple(self._running):
            task.cancel()

    def retire(self) -> None:
        """Closes for good: its objects look at the world no more."""
        self.close()
        for item in tuple(self.objects.values()):
            item.retired()
