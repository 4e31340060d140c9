"""Fields and values in the words of an operator: `memory 16 → 32 GiB`."""

from __future__ import annotations

import re

from drconsole.documents.form import Part

_UNITS = {
    "mib": (("MiB", "GiB", "TiB"), 1024),
    "kib": (("KiB", "MiB", "GiB", "TiB"), 1024),
    "gib": (("GiB", "TiB"), 1024),
    "mbit": (("Mbit/s", "Gbit/s"), 1000),
    "mhz": (("MHz", "GHz"), 1000),
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def field_words(part: Part) -> str:
    """Returns a field's name as words, without its unit: `memory_mib` is `memory`."""
    stem, _, unit = part.name.rpartition("_")
    if stem and unit in _UNITS:
        return stem.replace("_", " ")
    return _HUMP.sub(" ", part.xml).lower() if part.child else part.name.replace("_", " ")


def change_words(part: Part, before: object, after: object) -> str:
    """Returns `16 → 32 GiB`: the unit once where both share it."""
    old, new = value_words(part, before), value_words(part, after)
    amount, _, unit = old.rpartition(" ")
    if _unit_of(part) and amount and new.endswith(f" {unit}"):
        old = amount
    return f"{old} → {new}"


def value_words(part: Part, value: object) -> str:
    """Returns one value: with its unit, `yes` or `no`, `none` where it is not there."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (unit := _unit_of(part)):
        return _scaled(value, *_UNITS[unit])
    return str(value)


def _unit_of(part: Part) -> str:
    unit = part.name.rpartition("_")[2]
    return unit if unit in _UNITS else ""


def _scaled(value: int, names: tuple[str, ...], step: int) -> str:
    """Scales up while the number stays exact to a tenth: 1536 MiB is 1.5 GiB, 1537 MiB is itself."""
    name = 0
    amount = float(value)
    while name + 1 < len(names) and abs(amount) >= step and (amount * 10) % step == 0:
        amount /= step
        name += 1
    return f"{amount:g} {names[name]}" if amount < 1e6 else f"{int(amount)} {names[name]}"
