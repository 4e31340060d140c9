"""Days in the words of an operator: `2026-11-24`, `yesterday`, `last tuesday`, `3 days ago`."""

from __future__ import annotations

import re
from datetime import date, timedelta

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(
    r"(?:on )?(?:(last|this) )?(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)"
)
_AGO = re.compile(r"(an?|one|two|three|four|five|six|\d{1,4}) (day|week)s? ago")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_ASKED = re.compile(r"where (?:is|was|were|did) ", re.IGNORECASE)


def day_of(text: str, today: date) -> date | None:
    """Returns the day that words mean, seen from `today`; None where they are no day.

    A weekday alone is the latest one, today among them; with `last` it is before today.
    """
    words = " ".join(text.casefold().split())
    if words in ("today", "now", "yesterday"):
        return today - timedelta(days=int(words == "yesterday"))
    if found := _AGO.fullmatch(words):
        number = _NUMBERS.get(found[1]) or int(found[1])
        return today - timedelta(days=number * (7 if found[2] == "week" else 1))
    if found := _WEEKDAY.fullmatch(words):
        wanted = next(n for n, day in enumerate(DAYS) if day.startswith(found[2][:3]))
        back = (today.weekday() - wanted) % 7
        return today - timedelta(days=back or (7 if found[1] == "last" else 0))
    try:
        return date.fromisoformat(words.removeprefix("on "))
    except ValueError:
        return None


def question(text: str, today: date) -> tuple[str, date | None]:
    """Returns what is looked for, and on which day: `where was web-01 last Tuesday?` names both.

    The day stands at the end, in one to three words; without one it is None.
    """
    asked = _ASKED.sub("", text.strip().removesuffix("?").strip(), count=1)
    words = asked.split()
    for length in (3, 2, 1):
        if len(words) > length and (day := day_of(" ".join(words[-length:]), today)):
            return " ".join(words[:-length]), day
    return asked, None
