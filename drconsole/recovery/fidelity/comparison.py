"""Compares a recovered snapshot with the captured one, leaf by leaf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from drconsole.model.inventory import Datastore, Host, Object, PhysicalServer, Snapshot
from drconsole.model.run import Difference, Fidelity
from drconsole.model.step import Facts
from drconsole.planning.closure import closure_of
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.restrict import subset
from drconsole.recovery.fidelity.given_up import Excuse, GivenUp
from drconsole.recovery.fidelity.leaves import Leaf, leaves
from drconsole.recovery.fidelity.paths import Paths
from drconsole.recovery.fidelity.rules import BY_LEAF, Case, Rule

_NOTHING = Leaf("", "", "")

_CONFIGURED = frozenset({"storageArray", "volume"})
"""Kinds that come from a site's configuration: no capture of the world could prove them."""


_INSTALLERS = "the installer makes it on the host's own disk"


_NO_STEPS: Mapping[str, str] = {}


def compare(
    plan: PlanInput,
    recovered: Snapshot,
    uplinks: dict[str, Facts],
    given_up: Mapping[str, str] = _NO_STEPS,
) -> Fidelity:
    """Returns how many captured values of the run's closure came back, and each that did not.

    `uplinks` are the results of that stage's steps: where a host's NICs went. `given_up` are the steps
    that were, by key, each with the reason: what they would have brought about is not lost. Objects are
    matched by kind and path of names. A value that stands only in the recovered object counts too, and
    so does an object that stands only in the recovered site.
    """
    captured = subset(plan.snapshot, closure_of(plan))
    return _Comparison(plan, captured, recovered, uplinks, GivenUp(plan.snapshot, given_up)).result()


class _Comparison:
    def __init__(
        self,
        plan: PlanInput,
        captured: Snapshot,
        recovered: Snapshot,
        uplinks: dict[str, Facts],
        given_up: GivenUp,
    ) -> None:
        self._plan = plan
        self._captured = captured
        self._recovered = recovered
        self._uplinks = uplinks
        self._given_up = given_up
        self._before = Paths(captured)
        self._after = Paths(recovered)
        self._matched: set[str] = set()

    def result(self) -> Fidelity:
        differences: list[Difference] = []
        excused: Counter[str] = Counter()
        total = 0
        for item in self._captured.objects():
            if item.kind in _CONFIGURED:
                continue
            mine = leaves(_provable(item), self._before)
            total += len(mine)
            twin = _twin(item, self._before, self._after, self._recovered)
            self._matched.add(twin.id if twin is not None else "")
            for difference, excuse in self._differing(item, mine, twin):
                differences.append(difference)
                excused.update([excuse.name] if excuse else [])
        differences += self._unasked()
        unequal = sum(bool(difference.captured) for difference in differences)
        return Fidelity(
            matched=total - unequal,
            total=total,
            differences=tuple(differences),
            excused=dict(sorted(excused.items())),
        )

    def _unasked(self) -> Iterator[Difference]:
        """Yields each object that stands in the recovered site though the run was not to make it."""
        for item in self._recovered.objects():
            if item.kind in _CONFIGURED or item.id in self._matched:
                continue
            path = self._after.of(item.id)
            local = isinstance(item, Datastore) and item.local
            excuse = self._given_up.whole(item.kind, path)
            yield Difference(
                path=f"{item.kind}[{path}]",
                captured="",
                recovered=item.name,
                klass="had-to-be" if local else "given-up" if excuse else "lost",
                reason=_INSTALLERS if local else excuse.reason if excuse else "",
            )

    def _differing(
        self, item: Object, mine: dict[str, Leaf], twin: Object | None
    ) -> Iterator[tuple[Difference, Rule | Excuse | None]]:
        theirs = leaves(_provable(twin), self._after) if twin is not None else {}
        path = self._before.of(item.id)
        for place in dict.fromkeys((*mine, *theirs)):
            captured, recovered = mine.get(place, _NOTHING), theirs.get(place, _NOTHING)
            if captured.text == recovered.text:
                continue
            case = Case(self._plan, self._uplinks, item, place, captured.text, recovered.text)
            leaf = captured if captured.property else recovered
            excuse = self._excuse(leaf, case, there=twin is not None)
            difference = Difference(
                path=f"{item.kind}[{path}].{place}",
                captured=captured.text,
                recovered=recovered.text,
                klass=excuse.klass if excuse else "lost",
                reason=excuse.reason if excuse else "",
            )
            yield difference, excuse

    def _excuse(self, leaf: Leaf, case: Case, *, there: bool) -> Rule | Excuse | None:
        """What excuses a difference: a rule, where the object is there, or a step that was given up."""
        item = case.item
        if not there:
            return self._given_up.whole(item.kind, self._before.of(item.id))
        rule = _rule(item.kind, leaf.property, case)
        return rule or self._given_up.excuse(item, leaf, case.captured, case.recovered)


def _provable(item: Object) -> Object:
    """Which guests wait for a physical server is the operator's word: no server could disprove it."""
    return msgspec.structs.replace(item, guests=()) if isinstance(item, PhysicalServer) else item


def _rule(kind: str, leaf: str, case: Case) -> Rule | None:
    rule = BY_LEAF.get((kind, leaf))
    return rule if rule is not None and rule.excuses(case) else None


def _twin(item: Object, before: Paths, after: Paths, recovered: Snapshot) -> Object | None:
    """The recovered object of the same path; a host also by its management address.

    A server that cannot resolve a host's name knows it by its address instead.
    """
    if item.kind == "managementServer":
        return recovered.management_server
    path = before.of(item.id)
    found = after.by_path.get((item.kind, path))
    if found is None and isinstance(item, Host):
        addresses = {nic.ip for nic in item.virtual_nics if nic.ip}
        parent = path.rpartition("/")[0]
        for host in recovered.hosts:
            same = after.of(host.id).rpartition("/")[0] == parent
            if same and addresses & {nic.ip for nic in host.virtual_nics if nic.ip}:
                return host
    return found
