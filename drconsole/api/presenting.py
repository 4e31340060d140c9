"""Walkthrough: what the presenter of a run looks at, for those who watch."""

from __future__ import annotations

import msgspec


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """Where the presenter is. `screen` is a screen's name, `cursor` the key of the row under the cursor.

    `by` is the presenter's account, "" where nobody presents (any more); `at` is UTC.
    """

    run: str
    by: str
    screen: str = ""
    cursor: str = ""
    at: str = ""
