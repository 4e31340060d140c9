"""Days as operators say them, and questions that name one."""

from __future__ import annotations

from datetime import date

import pytest

from drconsole.console.archive.days import day_of, question

THURSDAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2026-11-24", date(2026, 11, 24)),
        ("today", THURSDAY),
        ("Yesterday", date(2026, 11, 25)),
        ("tuesday", date(2026, 11, 24)),
        ("Tue", date(2026, 11, 24)),
        ("on friday", date(2026, 11, 20)),
        ("thursday", THURSDAY),
        ("last thursday", date(2026, 11, 19)),
        ("last  Tuesday", date(2026, 11, 24)),
        ("3 days ago", date(2026, 11, 23)),
        ("a week ago", date(2026, 11, 19)),
        ("two weeks ago", date(2026, 11, 12)),
    ],
)
def test_words_are_days(words: str, day: date) -> None:
    assert day_of(words, THURSDAY) == day


@pytest.mark.parametrize("words", ["", "web-01", "2026-02-30", "someday", "last", "days ago", "tuesdays"])
def test_other_words_are_none(words: str) -> None:
    assert day_of(words, THURSDAY) is None


@pytest.mark.parametrize(
    ("asked", "text", "day"),
    [
        ("where was web-01 last Tuesday?", "web-01", date(2026, 11, 24)),
        ("Where is web-01", "web-01", None),
        ("web-01 3 days ago", "web-01", date(2026, 11, 23)),
        ("web-01", "web-01", None),
        ("app server 1 on 2026-11-20", "app server 1", date(2026, 11, 20)),
        ("monday", "monday", None),
    ],
)
def test_a_question_names_a_thing_and_maybe_a_day(asked: str, text: str, day: date | None) -> None:
    assert question(asked, THURSDAY) == (text, day)
