"""Themes: ours load and are whole, a user's is found, a wrong one is refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from drconsole.console.style import themes
from drconsole.console.style.look import Look, mark, wants_ascii
from drconsole.errors import InvalidConfiguration

OURS = sorted(themes.folders()[0].glob("*.toml"))


def test_the_shipped_themes_are_there() -> None:
    assert {path.stem for path in OURS} >= {"night", "day", "high-contrast", "deuteranopia", "monochrome"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_a_shipped_theme_gives_every_role_a_style(path: Path) -> None:
    theme = themes.load(path)
    assert theme.name == path.stem
    assert set(theme.styles()) == {"text", *themes.ROLES}
    assert theme.textual().name == path.stem


def test_the_colourless_theme_names_no_colour() -> None:
    styles = themes.load_all()[0][themes.COLOURLESS].styles()
    assert [role for role, style in styles.items() if style.color or style.bgcolor] == []


def test_a_users_theme_is_found_and_goes_before_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = tmp_path / "drconsole/themes/night.toml"
    own.parent.mkdir(parents=True)
    ours = next(path for path in OURS if path.stem == "night").read_text(encoding="utf-8")
    own.write_text(ours.replace('focus = "#5fb0ff"', 'focus = "#123456"'), encoding="utf-8")
    found, wrong = themes.load_all()
    assert found["night"].colors.focus == "#123456"
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('bad = "bold #ff8080"', 'bad = "bold nocolour"'), "nocolour"),
        (('bad = "bold #ff8080"', ""), "lacks bad"),
        (('bad = "bold #ff8080"', 'bad = "link https://example.com"'), "link"),
        (('name = "night"', "name ="), "night"),
        (('focus = "#5fb0ff"', 'focus = "blueish"'), "blueish"),
    ],
)
def test_a_wrong_theme_is_refused_with_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    text = next(path for path in OURS if path.stem == "night").read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "night.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(InvalidConfiguration, match=says):
        themes.load(path)


def test_every_state_has_a_glyph_and_ascii_for_it() -> None:
    look = Look({}, ascii_only=True)
    states = (
        *("done", "running", "pending", "waiting", "failed", "held", "skipped"),
        *("free", "leased", "unreachable", "live", "stale"),
    )
    assert all(mark(state)[0] != "?" for state in states)
    assert all(
        len(look.text(mark(state)[0])) == 1 and look.text(mark(state)[0]).isascii() for state in states
    )


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "en_GB.UTF-8", "DRCONSOLE_ASCII": "1"}, True),
        ({"LANG": "C", "DRCONSOLE_ASCII": "0"}, False),
        ({}, True),
    ],
)
def test_ascii_goes_by_the_locale(environ: dict[str, str], ascii_only: bool) -> None:
    assert wants_ascii(environ) is ascii_only
