"""Durations as they are typed."""

from __future__ import annotations

import re

import pytest

from drconsole.console.words.durations import parsed, written


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4h", 14400),
        ("1h30m", 5400),
        (" 1 h 30 min ", 5400),
        ("15M", 900),
        ("90s", 90),
        ("1.5h", 5400),
        ("2d", 172800),
    ],
)
def test_a_duration_is_understood(text: str, seconds: float) -> None:
    assert parsed(text) == seconds
    assert parsed(written(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "say how long"),
        ("4", "4 what? 4h, 4m or 4s"),
        ("soon", "no duration"),
        ("4h later", "no duration"),
        ("-4h", "no duration"),
        ("0m", "longer than nothing"),
        ("31d", "30 days"),
    ],
)
def test_what_is_wrong_with_it_is_said(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parsed(text)


def test_no_duration_is_nothing() -> None:
    assert written(None) == ""
    assert written(0) == "0s"
    assert written(3661) == "1h1m1s"
