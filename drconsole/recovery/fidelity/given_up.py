"""What is not there because somebody gave a step up, by the name of that step.

Such a loss was accepted when the step was skipped (exit 7): it is told, and it is none of fidelity's. Only
the properties that the very step brings about are excused, and lists of references without what it would
have made; any other value of the object that differs is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from drconsole.model.inventory import DistributedPortGroup, DistributedSwitch, Host, Object, Snapshot
from drconsole.model.step import key_part
from drconsole.recovery.fidelity.leaves import Leaf
from drconsole.recovery.fidelity.paths import Paths

_WHOLE = ("",)
_JOIN = "join-"

_BRINGS: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("physicalServer", "provision", "ready"): _WHOLE,
    ("datastore", "import", "mount"): _WHOLE,
    ("cluster", "import", "create-cluster"): _WHOLE,
    ("cluster", "guests", "settings"): ("evcMode", "drs", "ha", "groups", "rules"),
    ("resourcePool", "import", "create-pool"): _WHOLE,
    ("vApp", "import", "create-vapp"): _WHOLE,
    ("vApp", "guests", "start-order"): ("entities",),
    ("distributedSwitch", "import", "create-switch"): _WHOLE,
    ("distributedPortGroup", "import", "create-port-group"): _WHOLE,
    ("network", "import", "place-network"): ("parent",),
    ("host", "import", "add-host"): _WHOLE,
    ("host", "import", "switches"): ("virtualSwitches",),
    ("host", "import", "port-groups"): ("portGroups",),
    ("host", "import", "vmkernel"): ("virtualNics", "portGroups"),
    ("host", "import", "settings"): ("dns", "gateway", "routes", "ntpRunning", "ntpServers"),
    ("virtualMachine", "guests", "register"): _WHOLE,
    ("virtualMachine", "guests", "connect"): ("networkInterfaces",),
    ("virtualMachine", "guests", "power-on"): ("power",),
    **{
        ("folder", "import", f"create-{kind}-folder"): _WHOLE
        for kind in ("vm", "host", "datastore", "network")
    },
}
"""Kind, stage and verb → the properties that the step brings about."""


class Excuse(NamedTuple):
    """A step that was given up, by key, and why."""

    step: str
    reason: str

    klass: Literal["given-up"] = "given-up"

    @property
    def name(self) -> str:
        """What reports count it by."""
        return f"giving up {self.step}"


class GivenUp:
    """The steps of a run that were given up, by what each would have brought about."""

    def __init__(self, snapshot: Snapshot, steps: Mapping[str, str]) -> None:
        """`snapshot` is the captured one, whole; `steps` gives for each key why it was given up."""
        self._named: dict[str, list[tuple[str, str, Excuse]]] = defaultdict(list)
        for key, why in steps.items():
            stage, _, rest = key.partition("/")
            label, _, verb = rest.partition("/")
            self._named[label].append((stage, verb, Excuse(key, f"given up: {why or 'skipped'}")))
        self._gone: dict[tuple[str, str], Excuse] = {}
        self._parts: dict[tuple[str, str], Excuse] = {}
        if steps:
            self._look_through(snapshot)
        self._paths = {path: excuse for (_, path), excuse in self._gone.items()}

    def _look_through(self, snapshot: Snapshot) -> None:
        paths = Paths(snapshot)
        for item in snapshot.objects():
            for properties, excuse in self._of(item):
                if properties == _WHOLE:
                    self._gone.setdefault((item.kind, paths.of(item.id)), excuse)
        hosts = {host.id: host for host in snapshot.hosts}
        for switch in snapshot.distributed_switches:
            own = {switch.id, *(g.id for g in snapshot.distributed_port_groups if self._counts(g, switch))}
            for host in (hosts[member.host] for member in switch.members if member.host in hosts):
                path = paths.of(host.id)
                left_out = self._not_joined(host, switch) or self._gone.get(("host", path))
                self._parts |= {(id, path): left_out for id in own if left_out}

    @staticmethod
    def _counts(group: DistributedPortGroup, switch: DistributedSwitch) -> bool:
        """Whether a group has as many ports as its switch has uplinks of members."""
        return group.uplink and group.switch == switch.id

    def _not_joined(self, host: Host, switch: DistributedSwitch) -> Excuse | None:
        verbs = {f"{_JOIN}{label}" for label in _labels(switch)}
        steps = self._named.get(key_part(host.name), ())
        return next((excuse for _, verb, excuse in steps if verb in verbs), None)

    def whole(self, kind: str, path: str) -> Excuse | None:
        """Returns why an object is not there: it, or what it lies in, was given up; None where it was not."""
        own = self._gone.get((kind, path))
        above = (excuse for (_, gone), excuse in self._gone.items() if path.startswith(f"{gone}/"))
        return own or next(above, None)

    def excuse(self, item: Object, leaf: Leaf, captured: str, recovered: str) -> Excuse | None:
        """Returns why a value of a captured object that is there is another one, or none, now."""
        for properties, excuse in self._of(item):
            if any(_within(leaf.property, name) for name in properties):
                return excuse
        return self._of_member(item, leaf) or self._of_others(leaf.place, captured, recovered)

    def _of(self, item: Object) -> Iterator[tuple[tuple[str, ...], Excuse]]:
        for label in _labels(item):
            for stage, verb, excuse in self._named.get(label, ()):
                if properties := _BRINGS.get((item.kind, stage, verb)):
                    yield properties, excuse

    def _of_member(self, item: Object, leaf: Leaf) -> Excuse | None:
        """A host that has not joined is no member of the switch, whose uplink group has fewer ports then."""
        mine = ((host, excuse) for (id, host), excuse in self._parts.items() if id == item.id)
        found = (e for host, e in mine if leaf.place == "ports" or leaf.place.startswith(f"members[{host}]"))
        return next(found, None)

    def _of_others(self, place: str, captured: str, recovered: str) -> Excuse | None:
        """A part that is told by an object which was given up, or a list that lacks only such ones."""
        gone = self._paths
        before, after = set(captured.split(", ")), set(recovered.split(", ")) - {""}
        lacking = before - after
        if lacking and after <= before and lacking <= gone.keys():
            return gone[min(lacking)]
        return next((excuse for path, excuse in gone.items() if f"[{path}]" in place), None)


def _labels(item: Object) -> tuple[str, ...]:
    """By what the keys of steps may name an object: guests by id, others by name, or by name and id."""
    if item.kind == "virtualMachine":
        return (key_part(item.id),)
    return key_part(item.name), key_part(f"{item.name}@{item.id}")


def _within(place: str, name: str) -> bool:
    return not name or place == name or place.startswith(f"{name}.")
