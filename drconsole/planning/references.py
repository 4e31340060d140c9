"""How a customer's step names the steps of a plan: `STAGE`, `STAGE/OBJECT`, `STAGE/OBJECT/VERB`.

Each part may hold `*` and `?`. An object is written as operators call it (`guests/web-01`) or as it
stands in keys (`guests/vm-101`). One word that is no stage is the name of another `[[step]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from drconsole.model.step import STAGES, Step, key_part

FORM = "STAGE, STAGE/OBJECT, STAGE/OBJECT/VERB (with * and ?), or the name of another [[step]]"


class Reference(msgspec.Struct, frozen=True):
    """A reference, read. `step` is another customer's step, or "" where the parts name a plan's."""

    text: str
    step: str = ""
    stage: str = ""
    object: str = "*"
    verb: str = "*"

    @property
    def stages(self) -> tuple[str, ...]:
        """Returns the stages that its first part may mean, in their order; none for a step's name."""
        return tuple(stage for stage in STAGES if not self.step and _fits(self.stage, stage))


def read(text: str) -> Reference:
    """Returns a reference. Raises ValueError, saying why, for a text that can name nothing."""
    parts = text.split("/")
    if not all(parts):
        raise ValueError("a part is empty")
    if len(parts) > 3:
        raise ValueError("more than three parts: a slash within a name is written %2F")
    if len(parts) == 1 and text not in STAGES:
        return Reference(text, step=text)
    found = Reference(text, "", *parts)
    if not found.stages:
        raise ValueError(f"{parts[0]!r} is no stage")
    return found


def matching(reference: Reference, steps: Iterable[Step]) -> tuple[str, ...]:
    """Returns the keys of the steps that a reference names, in their order."""
    return tuple(step.key for step in steps if _names(reference, step))


def _names(reference: Reference, step: Step) -> bool:
    if reference.step or not _fits(reference.stage, step.stage):
        return False
    _, _, rest = step.key.partition("/")
    name, _, verb = rest.rpartition("/")
    return _fits(reference.verb, verb) and (
        _fits(reference.object, name) or bool(step.object and _fits(reference.object, key_part(step.object)))
    )


def _fits(pattern: str, text: str) -> bool:
    return _expression(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    """A part is tried as it stands and with its names encoded as keys encode them."""
    return re.compile(f"{_joined(pattern, encode=False)}|{_joined(pattern, encode=True)}")


def _joined(pattern: str, *, encode: bool) -> str:
    words = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(word) or re.escape(key_part(word) if encode else word) for word in words)
