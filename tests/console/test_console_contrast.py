"""Themes can be read: enough contrast for every text, on the cursor too, and states without any hue."""

from __future__ import annotations

from itertools import combinations

import pytest
from rich.style import Style
from textual.color import Color

from drconsole.console.style import themes
from drconsole.console.style.look import Look
from drconsole.console.style.themes import ThemeFile

ALL = themes.load_all()[0]
OWN_COLOURS = sorted(name for name, theme in ALL.items() if not theme.ansi)
NO_TEXT = {"track", "bar"}
STATES = ("ok", "work", "warn", "bad", "changed", "dim", "drill", "real", "here")
Rgb = tuple[int, int, int]


def luminance(colour: Rgb) -> float:
    """As WCAG 2 defines it."""
    parts = [v / 255 for v in colour]
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: Rgb, other: Rgb) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colours(style: Style, theme: ThemeFile, ground: str) -> tuple[Rgb, Rgb]:
    front, back = Color.parse(theme.colors.foreground).rgb, Color.parse(ground).rgb
    if style.color is not None:
        front = Color.from_rich_color(style.color).rgb
    if style.bgcolor is not None:
        back = Color.from_rich_color(style.bgcolor).rgb
    return front, back


@pytest.mark.parametrize("name", OWN_COLOURS)
def test_every_text_has_enough_contrast(name: str) -> None:
    theme = ALL[name]
    wanted = 7.0 if name == "high-contrast" else 4.5
    weak = [
        (role, ground, round(ratio, 2))
        for ground in (theme.colors.background, theme.colors.surface)
        for role, style in theme.styles().items()
        if role not in NO_TEXT and (ratio := contrast(*colours(style, theme, ground))) < wanted
    ]
    assert weak == []


@pytest.mark.parametrize("name", OWN_COLOURS)
def test_every_text_is_read_under_the_cursor_too(name: str) -> None:
    theme = ALL[name]
    styles = theme.styles()
    look = Look(styles)
    weak = [
        (role, cursor, round(ratio, 2))
        for cursor in ("cursor", "idle_cursor")
        for role in styles
        if role not in NO_TEXT
        and (ratio := contrast(*colours(look.over(role, styles[cursor]), theme, theme.colors.surface))) < 4.5
    ]
    assert weak == []


def test_without_any_colour_no_two_states_look_the_same() -> None:
    styles = ALL["monochrome"].styles()
    alike = [pair for pair in combinations(STATES, 2) if styles[pair[0]] == styles[pair[1]]]
    assert alike == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_production_has_a_border_of_its_own(name: str) -> None:
    theme = ALL[name]
    real = theme.real_border()
    assert Color.parse(real)
    if name != "monochrome":  # there the heavy lines tell it, and the words
        assert real not in (theme.colors.border, theme.colors.focus)
