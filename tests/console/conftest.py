"""What holds for every console test: folders of its own, no terminal's or account's own wishes, UTC."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drconsole.console.words import phrases


@pytest.fixture(autouse=True)
def own_account(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A console keeps its theme and its history, and reads themes and keys: not those of whoever tests."""
    home = tmp_path_factory.mktemp("account")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    for name in ("NO_COLOR", "TMUX", "DRCONSOLE_THEME", "DRCONSOLE_ASCII"):
        monkeypatch.delenv(name, raising=False)
    yield
    phrases.show_local(False)
