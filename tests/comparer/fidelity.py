"""Fidelity by the world's own word: what came back, against what stood there, leaf by leaf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.comparer.closure import ARRAYS, Expected
from tests.comparer.leaves import Dump, Object, leaves
from tests.comparer.rules import Case, excuse, value
from tests.comparer.setting import Setting


@dataclass(frozen=True)
class Difference:
    """A leaf that differs. `rule` is "" where nothing excuses it: the value is lost."""

    kind: str
    path: str
    place: str
    captured: str | None
    recovered: str | None
    rule: str

    @property
    def where(self) -> str:
        """The leaf as a run's fidelity writes it."""
        return f"{self.kind}[{self.path}].{self.place}"


@dataclass(frozen=True)
class Judgement:
    """`total` leaves were to come back, `matched` are equal; `excused` counts by rule."""

    matched: int
    total: int
    differences: tuple[Difference, ...]
    excused: dict[str, int]

    @property
    def lost(self) -> tuple[Difference, ...]:
        return tuple(difference for difference in self.differences if not difference.rule)


def judge(before: Dump, after: Dump, setting: Setting) -> Judgement:
    """Returns how the recovered side's dump stands against what the protected side's asks for.

    An object that is missing, or that stands there unasked, is lost with every leaf of its.
    """
    expected = Expected(before, setting)
    total, differences = 0, list[Difference]()
    for kind in after:
        if kind in ARRAYS:
            continue
        mine = {item["path"]: item for item in expected.objects.get(kind, [])}
        theirs = {item["path"]: item for item in after[kind]}
        total += sum(len(leaves(item)) for item in mine.values())
        for path in sorted(mine.keys() | theirs.keys()):
            one, other = mine.get(path), theirs.get(path)
            differences += _differing(kind, path, one, other, (setting, expected, after))
    unequal = sum(difference.captured is not None for difference in differences)
    excused = Counter(difference.rule for difference in differences if difference.rule)
    return Judgement(total - unequal, total, tuple(differences), dict(sorted(excused.items())))


def _differing(
    kind: str,
    path: str,
    mine: Object | None,
    theirs: Object | None,
    world: tuple[Setting, Expected, Dump],
) -> Iterator[Difference]:
    one, other = leaves(mine or {}), leaves(theirs or {})
    for place in dict.fromkeys((*one, *other)):
        captured = one[place].text if place in one else None
        recovered = other[place].text if place in other else None
        if captured == recovered:
            continue
        leaf = (one.get(place) or other[place]).property
        rule = None
        if mine is not None and theirs is not None:
            case = Case(*world, mine, theirs, place, value(captured), value(recovered))
            rule = excuse(kind, leaf, case)
        yield Difference(kind, path, place, captured, recovered, rule.name if rule else "")
