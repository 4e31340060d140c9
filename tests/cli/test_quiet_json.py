"""JSON on a terminal: the same values, and nothing in it that acts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drconsole.cli.printing import print_json, quiet_json
from tests.console.hostile import CORPUS, leaks


def test_hostile_names_are_printed_and_do_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(CORPUS)
    said = capsys.readouterr().out
    assert json.loads(said) == CORPUS
    assert leaks(said.encode()) == []
    assert "主機名稱伺服器" in said


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=40)))
def test_no_value_is_changed(value: dict[str, str]) -> None:
    assert json.loads(quiet_json(json.dumps(value, ensure_ascii=False))) == value
