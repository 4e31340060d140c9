"""The table of actions: every key does something, on one screen only one thing, and help tells all."""

from __future__ import annotations

import pytest

from drconsole.console.actions import ACTIONS, MOVES, SCREENS, Action, actions_of, bindings_of
from drconsole.console.app import view_class
from drconsole.console.screens.help import help_lines


@pytest.mark.parametrize("screen", SCREENS)
def test_every_action_of_a_screen_is_carried_out_by_it(screen: str) -> None:
    missing = [
        action.name for action in actions_of(screen) if not hasattr(view_class(screen), f"do_{action.name}")
    ]
    assert missing == []


@pytest.mark.parametrize("screen", SCREENS)
def test_a_key_means_one_thing_on_a_screen(screen: str) -> None:
    keys = [key for action in actions_of(screen) for key in action.keys]
    moves = [key for move in MOVES for key in move.keys]
    assert len(keys) == len(set(keys))
    # On the Run screen `k` retries and `g` is the timeline; nowhere else does an action take a move's key.
    assert set(keys) & set(moves) == ({"k", "g"} if screen == "run" else set())


@pytest.mark.parametrize("screen", SCREENS)
def test_help_tells_every_key(screen: str) -> None:
    told = "\n".join("".join(text for text, _ in line) for line in help_lines(screen, 200))
    for action in actions_of(screen):
        assert f"  {action.shown} " in told
        assert action.help in told
    for word in SCREENS.values():
        assert word in told


def test_what_is_dangerous_or_acts_on_many_is_a_capital_or_says_that_it_asks() -> None:
    asking = {action.name for action in ACTIONS if action.label.endswith("…")}
    capital = {"recover", "cancel", "cleanup", "match", "flag_all", "check_all", "apply_all", "release"}
    small = {"skip", "approve", "replace", "flags", "apply", "roll_back", "review"}
    files = {"export", "export_part", "import", "find", "recover_this"}
    assert asking == capital | small | files
    small |= files - {"export", "recover_this"}
    assert all(_capital(action) or action.name in small for action in ACTIONS if action.name in asking)


def _capital(action: Action) -> bool:
    return action.keys[0].isupper()


def test_screens_have_the_digits_in_their_order() -> None:
    keys = [binding.key for binding in bindings_of("sites") if not isinstance(binding, tuple)]
    assert [key for key in keys if key.isdigit()] == [str(number) for number in range(1, 9)]
