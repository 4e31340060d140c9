"""The written forms of a configuration's values: durations, addresses, pins, references."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_PIN = re.compile(r"sha256:[0-9a-f]{64}")
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@]+):(\d{1,5})")
_NAME = re.compile(r"\w[\w .-]*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

SCHEMES = ("env", "file", "cred", "age", "prompt")
"""The kinds of secret references that this version resolves."""

LATER_SCHEMES = ("vault",)

DURATION_FORM = 'a duration such as "90s", "15m" or "1h"'
PIN_FORM = '"sha256:" and the 64 hexadecimal digits of the certificate\'s fingerprint'
ADDRESS_FORM = '"HOST:PORT"'
WORD_FORM = "a word of letters, digits, '-' and '_'"
REFERENCE_FORM = (
    'a reference such as "env:NAME", "file:PATH", "cred:NAME", "age:PATH" or "prompt:", never the secret'
)


def duration(text: str) -> float:
    """Returns the seconds of `1h`, `15m`, `90s`, `1h30m`. Raises ValueError for another form or 0."""
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds <= 0:
        raise ValueError(text)
    return seconds


def pin(text: str) -> str:
    """Returns the pin in lower case. Raises ValueError where it is none."""
    if not _PIN.fullmatch(text.lower()):
        raise ValueError(text)
    return text.lower()


def address(text: str) -> str:
    """Returns HOST:PORT as it is. Raises ValueError for another form or an impossible port."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match.group(1)) < 65536:
        raise ValueError(text)
    return text


def name(text: str) -> str:
    """Returns the name of a site, array or target. Raises ValueError for one that no key can carry."""
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    return text


def word(text: str) -> str:
    """Returns a word, such as a theme's name. Raises ValueError for anything else."""
    if not _WORD.fullmatch(text):
        raise ValueError(text)
    return text


def ipv4(text: str) -> str:
    """Returns an IPv4 address in canonical form. Raises ValueError."""
    return str(ipaddress.IPv4Address(text))


def netmask(text: str) -> str:
    """Returns a netmask such as 255.255.255.0. Raises ValueError for one with holes."""
    ipv4(text)
    return str(ipaddress.IPv4Network(f"0.0.0.0/{text}").netmask)


def subnet(text: str) -> str:
    """Returns a subnet as CIDR. Raises ValueError, also where host bits are set."""
    if "/" not in text:
        raise ValueError(text)
    return str(ipaddress.ip_network(text))


def scheme(reference: str) -> str:
    """Returns the kind of a secret reference. Raises ValueError where it is none.

    The error never carries the text: it may be a password that somebody wrote in place.
    """
    kind, colon, rest = reference.partition(":")
    if not colon or kind not in (*SCHEMES, *LATER_SCHEMES) or (not rest and kind != "prompt"):
        raise ValueError("not a reference")
    return kind


def anchored_reference(reference: str, base: Path) -> str:
    """Returns a reference whose path, if it has one, is absolute: relative ones start at `base`."""
    kind, _, rest = reference.partition(":")
    return f"{kind}:{anchored(rest, base)}" if kind in ("file", "age") else reference


def anchored(path: str, base: Path) -> str:
    """Returns `path` absolute, starting at `base` where it is relative; `~` is the home directory."""
    return str(base / Path(path).expanduser())


def anchored_url(url: str, base: Path) -> str:
    """Returns a database URL whose SQLite file, if it has one, is absolute."""
    prefix = "sqlite:///"
    path = url.removeprefix(prefix)
    if path == url or not path or path.startswith((":memory:", "file:")):
        return url
    return prefix + anchored(path, base)
