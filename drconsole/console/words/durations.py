"""Durations as operators type and read them: 4h, 1h30m, 15m, 90s."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(\d+(?:[.,]\d+)?)\s*(d|h|min|m|sec|s)\b\s*")
_SECONDS = {"d": 86400.0, "h": 3600.0, "min": 60.0, "m": 60.0, "sec": 1.0, "s": 1.0}
LONGEST_S = 30 * 86400.0


def parsed(text: str) -> float:
    """Returns the seconds of a duration such as `4h`, `1h30m` or `15 min`.

    Raises ValueError with words for the operator: what is wrong, and what would be right.
    """
    wanted = re.sub(r"(?<=[a-z])(?=\d)", " ", text.strip().lower())
    if not wanted:
        raise ValueError("say how long, such as 4h or 15m")
    if re.fullmatch(r"\d+(?:[.,]\d+)?", wanted):
        raise ValueError(f"{text.strip()} what? {text.strip()}h, {text.strip()}m or {text.strip()}s")
    if not re.fullmatch(f"(?:{_PARTS.pattern})+", wanted):
        raise ValueError("that is no duration: 4h, 1h30m, 15m and 90s are")
    seconds = sum(float(number.replace(",", ".")) * _SECONDS[unit] for number, unit in _PARTS.findall(wanted))
    if seconds <= 0:
        raise ValueError("an objective is longer than nothing")
    if seconds > LONGEST_S:
        raise ValueError("that is longer than 30 days")
    return seconds


def written(seconds: float | None) -> str:
    """Returns a duration as it is typed, such as 4h, 1h30m, 15m or 90s; "" for none."""
    if seconds is None:
        return ""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
