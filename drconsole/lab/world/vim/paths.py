"""Property paths: checked once against the type information, then walked."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.registry import derived_property, is_array, properties, wsdl_type

if TYPE_CHECKING:
    from drconsole.lab.world.vim.objects import ManagedObject

_STEP = re.compile(r'([A-Za-z_]\w*)(?:\[(?:"((?:[^"\\]|\\.)*)"|([^\]"]+))\])?(?:\.|$)')


class Path(msgspec.Struct, frozen=True):
    """A checked path: (property, key of an array's element or None) a step, and its declared type."""

    text: str
    steps: tuple[tuple[str, str | None], ...]
    info: Any
    declared: Any

    @property
    def root(self) -> str:
        """The root property."""
        return self.steps[0][0]


@cache
def parse(wsdl: str, text: str) -> Path:
    """Checks a path against a managed type. Raises the InvalidProperty fault.

    Below a base class any property of a class derived from it is right (`config.hardware.device`
    elements differ), so what the type information cannot decide is left to the walk.
    """
    kind: Any = wsdl_type(wsdl)
    info: Any = None
    steps: list[tuple[str, str | None]] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise fault("InvalidProperty", name=text)
        if is_array(kind) and steps and steps[-1][1] is None:
            raise fault("InvalidProperty", name=text)
        name, quoted, plain = match.groups()
        known = isinstance(kind, type) and hasattr(kind, "_propInfo")
        info = (properties(kind).get(name) or derived_property(kind, name)) if known else None
        if info is None:
            raise fault("InvalidProperty", name=text)
        kind = info.type
        key = quoted if quoted is not None else plain
        if key is not None:
            if not is_array(kind):
                raise fault("InvalidProperty", name=text)
            kind = kind.Item
        steps.append((name, key))
        position = match.end()
    if not steps or text.endswith("."):
        raise fault("InvalidProperty", name=text)
    return Path(text, tuple(steps), info, kind)


def walk(item: ManagedObject, text: str) -> Any:
    """Returns the value under a path of a managed object, None where it is unset."""
    path = parse(item.wsdl, text)
    return descend(item.value(path.root), path)


def descend(value: Any, path: Path) -> Any:
    """Returns what a path leads to, given its root property's value."""
    value = _element(value, path.steps[0][1])
    for name, key in path.steps[1:]:
        if value is None:
            return None
        value = _element(getattr(value, name, None), key)
    return value


def _element(value: Any, key: str | None) -> Any:
    if key is None or value is None:
        return value
    return next((item for item in value if str(getattr(item, "key", item)) == key), None)
