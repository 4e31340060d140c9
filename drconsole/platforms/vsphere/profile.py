"""Capture profiles: TOML files that say which elements a capture leaves out (R15–R17)."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from drconsole.errors import InvalidConfiguration
from drconsole.platforms.vsphere import elements

_SHIPPED = "drconsole.platforms.vsphere.profiles"


class Profile(msgspec.Struct, frozen=True):
    """A profile by name, with the names of the elements that it takes."""

    name: str
    elements: frozenset[str]


def load(profile: str, *, base: Path | None = None) -> Profile:
    """Returns a shipped profile by its name, or a user's by its path (relative to `base`).

    Raises InvalidConfiguration, with the line, for a file that is missing, no TOML, has unknown
    keys or elements, or leaves out what a recovery needs.
    """
    text = _text(profile, base or Path())
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration(f"is no TOML: {error}", about=profile) from error
    name, left_out = _shape(content, profile, text)
    for element in left_out:
        _check(element, profile, text)
    return Profile(name=name, elements=frozenset(elements.BY_NAME) - frozenset(left_out))


def _text(profile: str, base: Path) -> str:
    shipped = resources.files(_SHIPPED) / f"{profile}.toml"
    if profile.isidentifier() and shipped.is_file():
        return shipped.read_text("utf-8")
    try:
        return (base / Path(profile).expanduser()).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(
            f"the capture profile cannot be read: {error}",
            about=profile,
            expected=f"one of {', '.join(shipped_names())}, or the path of a TOML file",
        ) from error


def shipped_names() -> tuple[str, ...]:
    """Returns the names of the profiles that come with the product."""
    files = (entry.name for entry in resources.files(_SHIPPED).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def _shape(content: dict[str, Any], profile: str, text: str) -> tuple[str, list[str]]:
    section = content.get("elements", {})
    if not isinstance(section, dict):
        raise InvalidConfiguration(
            "elements is a table", about=profile, line=_line(text, "elements"), expected="[elements]"
        )
    for key in (*(set(content) - {"name", "elements"}), *(set(section) - {"leave_out"})):
        raise InvalidConfiguration(
            f"unknown key {key}",
            about=profile,
            line=_line(text, key),
            expected="name, and leave_out under [elements]",
        )
    name, left_out = content.get("name"), section.get("leave_out", [])
    if not isinstance(name, str) or not name:
        raise InvalidConfiguration("name is missing", about=profile, line=1, expected='name = "NAME"')
    if not isinstance(left_out, list) or not all(isinstance(item, str) for item in left_out):
        raise InvalidConfiguration(
            "leave_out is a list of names",
            about=profile,
            line=_line(text, "leave_out"),
            expected='["virtualMachine.annotation"]',
        )
    return name, left_out


def _check(name: str, profile: str, text: str) -> None:
    element = elements.BY_NAME.get(name)
    line = _line(text, f'"{name}"') or _line(text, name)
    if element is None:
        near = difflib.get_close_matches(name, elements.BY_NAME, n=3, cutoff=0.5)
        raise InvalidConfiguration(
            f"there is no element {name}",
            about=profile,
            line=line,
            expected=f"perhaps {', '.join(near)}" if near else "an element's name",
        )
    if element.needed_by is not None:
        raise InvalidConfiguration(
            f"{name} cannot be left out: the stage {element.needed_by} needs it",
            about=profile,
            line=line,
            expected=f"leave_out without {name}",
        )


def _line(text: str, words: str) -> int:
    """The first line that holds the words outside a comment, 0 for none."""
    for number, line in enumerate(text.splitlines(), 1):
        if words in line.partition("#")[0]:
            return number
    return 0
