"""Steps of a rebuild that refer to each other's creations.

What a step creates has another id at the recovered site than it had when it was captured. So each
step's result maps captured ids to recovered ones (`moids`), and a step that needs a creation names
the step that makes it together with the captured id (`at`). A guest's folder, say, is found by
`at["folder"] == ["import/group-v8/create-folder", "group-v8"]`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from drconsole.errors import UnknownName
from drconsole.model.inventory import Object, Snapshot
from drconsole.model.site import NetworkPlace
from drconsole.model.step import Facts, Step, Work, step_key
from drconsole.planning.plan_input import PlanInput

Place = tuple[str, str]
"""The key of the step that makes an object, and the object's captured id."""


class Rebuild:
    """What the derivation of steps works on: the plan, what of the snapshot is in its scope, and
    the steps so far with who creates what."""

    def __init__(self, plan: PlanInput, scope: Snapshot) -> None:
        self.plan = plan
        self.scope = scope
        self.steps: list[Step] = []
        self._objects = {item.id: item for item in scope.objects()}
        self._makers: dict[str, str] = {}
        self._keys: set[str] = set()
        self._names = _counted(scope)

    def label(self, item: Object) -> str:
        """Returns the object's name for keys: its id too where others of its kind share the name.

        A name with an @ gets it always, so that none can look like another one's name and id.
        """
        shared = self._names[item.kind, item.name] > 1
        return f"{item.name}@{item.id}" if shared or "@" in item.name else item.name

    def object(self, captured: str) -> Object:
        """Returns an object of the scope. Raises UnknownName where the scope lacks it."""
        try:
            return self._objects[captured]
        except KeyError:
            raise UnknownName("is needed, but not in what this run recovers", about=captured) from None

    def has(self, captured: str) -> bool:
        return captured in self._objects

    def has_step(self, key: str) -> bool:
        return key in self._keys

    def makes(self, key: str, *captured: str) -> None:
        """Notes that the step `key` creates these objects."""
        for item in captured:
            self._makers[item] = key

    def place(self, captured: str) -> Place:
        """Returns where to find an object's recovered id. Raises UnknownName for what nobody makes."""
        try:
            return self._makers[captured], captured
        except KeyError:
            raise UnknownName("is referred to, but no step creates it", about=captured) from None

    def network_place(self, name: str) -> NetworkPlace | None:
        """Returns where a protected network lies for this run's mode, None where it is unmapped."""
        mapping = self.plan.site.network(name)
        if mapping is None:
            return None
        return mapping.drill if self.plan.mode == "drill" else mapping.real

    def add(
        self,
        key: str,
        handler: str,
        *,
        about: str,
        title: str,
        at: dict[str, str] | None = None,
        needs: tuple[str, ...] = (),
        optional_needs: tuple[str, ...] = (),
        typical_s: float = 2.0,
        deadline: str = "task",
        rounds: int = 1,
        machine: str = "",
        resources: tuple[str, ...] = ("vcenter",),
        asks: bool = False,
        **arguments: Any,
    ) -> str:
        """Adds a step and returns its key. `at` names objects by captured id; who makes them is needed.

        `rounds` is how often the deadline is due: of a step that does the same on many machines in turns.
        """
        places = {name: self.place(captured) for name, captured in (at or {}).items()}
        wanted = dict.fromkeys((*needs, *(maker for maker, _ in places.values())))
        self._keys.add(key)
        self.steps.append(
            Step(
                key=key,
                stage=key.split("/", 1)[0],
                handler=handler,
                object=about,
                title=title,
                machine=machine,
                needs=tuple(name for name in wanted if name != key),
                optional_needs=optional_needs,
                arguments=msgspec.to_builtins({**arguments, "at": places}),
                resources=resources,
                typical_s=typical_s,
                deadline_s=self.plan.deadlines[deadline] * rounds,
                asks=asks,
            )
        )
        return key

    def key(self, item: Object, verb: str, *, stage: str = "import") -> str:
        return step_key(stage, self.label(item), verb)


def _counted(scope: Snapshot) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for item in scope.objects():
        counts[item.kind, item.name] = counts.get((item.kind, item.name), 0) + 1
    return counts


def found(work: Work, name: str) -> str:
    """Returns the recovered id of what the step's `at` calls `name`."""
    maker, captured = work.step.arguments["at"][name]
    return recovered_id(work, maker, captured)


def recovered_id(work: Work, maker: str, captured: str) -> str:
    moids: Facts = work.result(maker)["moids"]
    try:
        return str(moids[captured])
    except KeyError:
        raise UnknownName(f"{maker} did not say what it became", about=captured) from None
