"""Themes: TOML files in `themes/`, and those that users add in ~/.config/drconsole/themes/.

A theme names five colours and a style for each role. A role says what a text means (`ok`, `bad`,
`cursor`), so that a screen never names a colour.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import msgspec
from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

from drconsole.errors import InvalidConfiguration

ROLES = (
    "dim", "head", "title", "tab", "here", "key", "ok", "work", "warn", "bad",
    "changed", "cursor", "idle_cursor", "bar", "track", "drill", "real",
)  # fmt: skip
_ANSI_VARIABLES = {
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
    "input-cursor-background": "ansi_default",
    "input-cursor-foreground": "ansi_default",
    "input-cursor-text-style": "reverse",
    "input-selection-background": "ansi_default",
    "input-selection-foreground": "ansi_default",
}
"""Textual's own style sheets ask for them where a theme is `ansi`."""

DEFAULT = "night"
COLOURLESS = "monochrome"


class Colors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CSS colours, or `ansi_default` and the like in an `ansi` theme."""

    background: str
    foreground: str
    surface: str
    border: str
    focus: str


class ThemeFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One theme as it stands in its file. `ansi`: the terminal's own colours are used as they are."""

    name: str
    dark: bool
    colors: Colors
    roles: dict[str, str]
    ansi: bool = False

    def styles(self) -> dict[str, Style]:
        """Returns role → style; `text` is the plain one."""
        return {"text": Style.null()} | {role: Style.parse(words) for role, words in self.roles.items()}

    def real_border(self) -> str:
        """Returns the colour of panes in a real run: that of the mode's words."""
        style = self.styles()["real"]
        colour = style.bgcolor or style.color
        if colour is None or (self.ansi and colour.triplet is None and colour.number is None):
            return "ansi_default"
        return f"ansi_{colour.name}" if self.ansi else colour.get_truecolor().hex

    def textual(self, name: str = "") -> Theme:
        """Returns what Textual's own style sheets are coloured by, under another name where one is given."""
        colors = self.colors
        return Theme(
            name=name or self.name,
            primary=colors.focus,
            foreground=colors.foreground,
            background=colors.background,
            surface=colors.surface,
            panel=colors.surface,
            dark=self.dark,
            ansi=self.ansi,
            variables=(_ANSI_VARIABLES if self.ansi else {})
            | {"pane-border": colors.border, "pane-focus": colors.focus, "pane": colors.surface}
            | {"real-border": self.real_border()},
        )


def folders() -> tuple[Path, ...]:
    """Returns where themes lie: ours (beside the package in a wheel, above it in a checkout), the user's."""
    package = Path(__file__).resolve().parents[2]
    ours = package / "themes"
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return (ours if ours.is_dir() else package.parent / "themes"), home / "drconsole/themes"


def load(path: Path) -> ThemeFile:
    """Reads one theme. Raises InvalidConfiguration that says what is wrong in which file."""
    try:
        theme = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ThemeFile)
        _check(theme)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidConfiguration(str(error), about=str(path), expected="a theme as in themes/") from error
    except (StyleSyntaxError, ColorParseError, ValueError) as error:
        raise InvalidConfiguration(str(error), about=str(path), expected="a style in rich's words") from error
    return theme


def _check(theme: ThemeFile) -> None:
    missing = sorted(set(ROLES) - set(theme.roles))
    strange = sorted(set(theme.roles) - set(ROLES))
    if missing or strange:
        what = f"lacks {', '.join(missing)}" if missing else f"has no use for {', '.join(strange)}"
        raise ValueError(f"[roles] {what}")
    if any(style.link for style in theme.styles().values()):
        raise ValueError("a role is no link")
    for color in msgspec.structs.asdict(theme.colors).values():
        Color.parse(color)


def load_all() -> tuple[dict[str, ThemeFile], list[InvalidConfiguration]]:
    """Returns every theme by name, the user's before ours, and what is wrong with the others."""
    found: dict[str, ThemeFile] = {}
    wrong: list[InvalidConfiguration] = []
    for path in (path for folder in folders() for path in sorted(folder.glob("*.toml"))):
        try:
            theme = load(path)
        except InvalidConfiguration as error:
            wrong.append(error)
        else:
            found[theme.name] = theme
    return found, wrong
