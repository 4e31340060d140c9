"""Keys that a user chose: checked, said where they are wrong, followed by footer and help while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drconsole.api import requests
from drconsole.console.actions import ACTIONS, SCREENS, Keymap
from drconsole.console.actions.action import key_word
from drconsole.console.actions.keymap import key_named
from drconsole.console.screens.help import help_lines
from drconsole.console.ways import keys_file
from drconsole.console.ways.cheat_sheet import BEGIN, END, renewed
from drconsole.console.widgets.painted import Painted
from tests.console.test_console_verbs import Desk, desk

RETRY = next(action for action in ACTIONS if action.name == "retry")


def written(text: str) -> Path:
    path = keys_file.place()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def wrong(text: str) -> str:
    """Returns what is said of a file, and asserts that what is wrong in it changes nothing."""
    keymap, said = keys_file.load(written(text))
    usual = Keymap(ACTIONS)
    for screen in SCREENS:
        for action in usual.actions_of(screen):
            assert keymap.keys(screen, action) == action.keys
    assert len(said) == 1, said
    return said[0].removeprefix(f"{keys_file.place()} ")


def test_no_file_is_no_change() -> None:
    keymap, said = keys_file.load(keys_file.place())
    assert said == ()
    assert keymap.keys("run", RETRY) == ("k",)


def test_an_action_gets_the_keys_that_the_file_says() -> None:
    keymap, said = keys_file.load(written('[run]\nretry = ["f9", "?"]\nhelp = ["F1"]\n'))
    assert said == ()
    assert keymap.keys("run", RETRY) == ("f9", "question_mark")
    told = "\n".join("".join(text for text, _ in line) for line in help_lines("run", 200, keymap))
    assert "  f9  " in told
    assert any(
        line.split() == ["k", "up", "the", "row", "before"] for line in told.splitlines()
    )  # k is free now


def test_everywhere_means_every_screen_and_tables_have_their_moves() -> None:
    keymap, said = keys_file.load(
        written('[everywhere]\npalette = ["ctrl+f"]\n[tables]\ndown = ["n"]\nup = ["e"]\n')
    )
    palette = next(action for action in ACTIONS if action.name == "palette")
    assert [keymap.keys(screen, palette) for screen in SCREENS] == [("ctrl+f",)] * 8
    moves = {name: keys for name, keys, _ in keymap.moves()}
    # On some screen these letters have a meaning of their own, which goes before: that is said.
    assert moves["down"] == ("n",) or any("n is also" in line for line in said)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[run]\nretri = ["r"]\n', "line 2: [run] has no action retri; right would be retry"),
        ('\n[runs]\nretry = ["r"]\n', "line 2: [runs] is no screen; right would be run"),
        ('[run]\nretry = ["1"]\n', "line 2: 1 is the key of a screen"),
        ("[run]\nretry = 7\n", 'line 2: retry wants a list of keys, such as ["r"]'),
        ('[run]\nretry = ["nokey"]\n', "line 2: nokey is no key"),
        ('[run]\n# why not\nretry = ["q"]\n', "line 3: q is also quit's key: retry keeps its own"),
        ('[run]\nretry = ["j"]\n', "line 2: j is also down's key"),
        ('[targets]\ncheck = ["colon"]\n', "line 2: colon is also command's key"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_would_be_right(text: str, says: str) -> None:
    assert says in wrong(text)


def test_a_file_that_is_no_toml_is_said_and_the_usual_keys_stay() -> None:
    assert "the usual keys are used" in wrong("[run\nretry")


def test_what_is_right_beside_what_is_wrong_is_used() -> None:
    keymap, said = keys_file.load(written('[run]\nretri = ["r"]\nretry = ["f9"]\n'))
    assert len(said) == 1
    assert keymap.keys("run", RETRY) == ("f9",)


@pytest.mark.parametrize("word", ["?", "/", ":", "-", "[", "]", "^p", "esc", "F2", "r", "R", "+", "_", ";"])
def test_keys_are_read_as_they_are_shown(word: str) -> None:
    assert key_word(key_named(word)) in (word, word.lower())


def footer(at: Desk) -> str:
    return at.app.screen.query_one("#keys", Painted).render_line(0).text


async def test_a_file_that_changes_is_followed_while_the_console_runs(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("5")
        await at.until(lambda: "k retry" in footer(at))
        written('[run]\nretry = ["f9"]\n')
        await at.until(lambda: "f9 retry" in footer(at))
        await at.pilot.press("k")
        assert not at.service.asked_for(requests.Retry)
        await at.pilot.press("f9")
        await at.until(lambda: at.service.asked_for(requests.Retry))
        path = written('[run]\nretri = ["f9"]\n')
        os.utime(path, (1, 1))
        await at.until(lambda: "k retry" in footer(at))
        await at.until(lambda: "has no action retri" in at.app.store.note[0])


def test_the_cheat_sheet_in_the_readme_is_current_and_has_every_key() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert renewed(readme) == readme, "run scripts/keys"
    told = readme.partition(BEGIN)[2].partition(END)[0]
    for screen in SCREENS:
        for _, shown in Keymap(ACTIONS).shown(screen):
            assert f"`{shown}` ".replace("|", "\\|") in told


def test_a_readme_without_a_place_for_it_is_said() -> None:
    with pytest.raises(ValueError, match="keys end"):
        renewed("# DRConsole\n")
