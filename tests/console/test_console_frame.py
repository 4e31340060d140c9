"""The lines above and below every screen: all eight screens and the mode at 80 columns, whatever runs."""

from __future__ import annotations

import pytest

from drconsole.console.actions import ACTIONS, SCREENS, Keymap
from drconsole.console.screens import frame
from drconsole.console.style.look import Line, Look
from drconsole.console.ways.visits import Visit, Visits
from drconsole.console.widgets.drawing import length_of
from drconsole.console.words.filtering import matcher

LOOK = Look({})
MODES = {"drill": (" DRILL ", "drill"), "real": ("!! REAL !! ", "real")}
REST = [(" OBSERVER ", "here"), (" SINGLE USER", "dim"), (" op:night-shift ", "dim")]


def text(line: Line) -> str:
    return "".join(word for word, _ in line)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_eight_screens_and_the_mode_are_always_there(screen: str, mode: str, width: int) -> None:
    line, rest = frame.head(screen, width, [MODES[mode], *REST], LOOK)
    shown = text(line)
    assert length_of(line, LOOK) == width
    for number, (name, word) in enumerate(SCREENS.items(), 1):
        assert (f"[{number} {word}]" if name == screen else f"{number} {word}") in shown
    assert MODES[mode][0].strip() in shown
    crumb = text(
        frame.crumb(("Run", "pittsburgh", "R-20261122-1402 drill", "attached"), "", rest, width, LOOK)
    )
    assert "OBSERVER" in shown + crumb
    assert "SINGLE USER" in shown + crumb
    assert len(crumb) == width


def test_where_room_is_short_the_two_ends_of_the_way_stay() -> None:
    words = ("Run", "a-site-with-a-long-name", "R-20261122-1402 disaster waiting", "attached")
    shown = text(frame.crumb(words, "!old", REST[:2], 80, LOOK))
    assert shown.startswith(" Run › …")
    assert " › attached  filter: !old" in shown
    assert shown.endswith(" OBSERVER  SINGLE USER")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("width", [80, 120])
def test_footers_begin_with_help_and_command_and_cut_no_key(screen: str, width: int) -> None:
    entries = [(shown, action.label) for action, shown in Keymap(ACTIONS).shown(screen) if action.label]
    shown = text(frame.keys(entries, width, LOOK))
    assert shown.startswith(" ? help  : command  ")
    assert len(shown) <= width
    whole = {f"{key} {label}" for key, label in entries}
    assert set(shown.strip().split("  ")) <= whole


def test_a_click_on_a_word_is_a_click_on_its_screen() -> None:
    for width in (80, 120):
        for here in SCREENS:
            line, _ = frame.head(here, width, [MODES["drill"]], LOOK)
            shown = text(line)
            for number, (name, word) in enumerate(SCREENS.items(), 1):
                assert frame.tab_at(shown.index(f"{number} {word}") + 2, here, width) == name
            assert frame.tab_at(width - 1, here, width) == ""


@pytest.mark.parametrize(
    ("wanted", "passing"),
    [
        ("", "web-01 web-old db-01"),
        ("WEB", "web-01 web-old"),
        ("!web", "db-01"),
        ("! web", "db-01"),
        ("!", "web-01 web-old db-01"),
        ("web !old", "web-01"),
        ("01 b", "web-01 db-01"),
        ("!old !db", "web-01"),
        ("[a-z]", ""),
    ],
)
def test_all_words_of_a_filter_must_be_there_and_inverted_ones_must_not(wanted: str, passing: str) -> None:
    assert [name for name in ("web-01", "web-old", "db-01") if matcher(wanted)(name)] == passing.split()


def test_going_somewhere_new_forgets_the_way_forward_and_the_way_is_bounded() -> None:
    visits = Visits()
    for screen in ("sites", "run", "map"):
        visits.arrive(screen)
    assert visits.last == "run"
    back = visits.step(-1)
    assert back is not None
    assert (back.screen, visits.last) == ("run", "map")
    visits.leave(Visit(screen="run", filter="x"))
    visits.arrive("reports")
    assert visits.step(1) is None
    again = visits.step(-1)
    assert again is not None
    assert again.filter == "x"
    for number in range(300):
        visits.arrive(f"screen-{number}")
    steps = 0
    while visits.step(-1):
        steps += 1
    assert steps == 99
