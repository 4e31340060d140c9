"""What a filter's words mean: every word must be in the name, one with ! before it must not."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=16)
def matcher(text: str) -> Callable[[str], bool]:
    """Returns what tells whether a name passes; case does not matter, a lone ! says nothing yet."""
    words = text.lower().split()
    # `! web` is typed on the way to `!web` and means the same.
    if len(words) > 1 and words[0] == "!":
        words[:2] = [f"!{words[1]}"]
    wanted = [word for word in words if not word.startswith("!")]
    unwanted = [word[1:] for word in words if word.startswith("!") and len(word) > 1]
    if not wanted and not unwanted:
        return lambda _name: True
    if len(wanted) == 1 and not unwanted:
        only = wanted[0]
        return lambda name: only in name.lower()

    def passes(name: str) -> bool:
        low = name.lower()
        return all(word in low for word in wanted) and not any(word in low for word in unwanted)

    return passes
