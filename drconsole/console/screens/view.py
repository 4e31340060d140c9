"""What every screen can do: filter, go elsewhere and back, copy, change its looks, tell its keys, leave."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from textual import events
from textual.widgets import Input

from drconsole.console.actions import actions_of
from drconsole.console.screens.frame import SEPARATOR, live_span, operator, site_state, snapshot_span
from drconsole.console.screens.shown import Shown
from drconsole.console.widgets.table import VirtualTable
from drconsole.console.words.filtering import matcher

if TYPE_CHECKING:
    from drconsole.console.known.objects import Index
    from drconsole.console.widgets.command_line import CommandLine

__all__ = ["SEPARATOR", "View", "live_span", "operator", "site_state", "snapshot_span"]


class View(Shown):
    """A screen. Subclasses give `body`, `show` (called at each tick) and a `do_NAME` for each action."""

    # -- actions of all screens -------------------------------------------------------------------

    def action_perform(self, name: str) -> None:
        """Does what a key of the table of actions stands for, if it may be done from here."""
        refusal = self.console_app.read_only
        if refusal and any(action.changes for action in actions_of(self.id_word) if action.name == name):
            self.console_app.say(refusal, "warn")
            return
        getattr(self, f"do_{name}")()

    def action_go(self, screen: str) -> None:
        """Goes to another screen."""
        self.console_app.go(screen)

    def do_help(self) -> None:
        """Shows the keys."""
        from drconsole.console.screens.help import Help

        self.app.push_screen(Help(self.id_word, self.console_app.keymap))

    def do_quit(self) -> None:
        """Leaves; nothing that runs is touched. Changes that no file has are not lost without a word."""
        from drconsole.console.known.bases import unsaved

        if number := unsaved(self.store):
            from drconsole.console.screens.leaving import Leave

            self.app.push_screen(Leave(number), lambda yes: self.app.exit() if yes else None)
        else:
            self.app.exit()

    def do_theme(self) -> None:
        """Goes on to the next theme."""
        self.console_app.next_theme()

    def do_local_time(self) -> None:
        """Shows local times, or UTC again."""
        self.console_app.turn_local_time()

    def do_mouse(self) -> None:
        """Listens to the mouse, or not any more."""
        self.console_app.turn_mouse()

    def do_suspend(self) -> None:
        """Stops for the shell that began this console; a login of its own has none to go back to."""
        if os.getpgrp() == os.getsid(0):
            self.console_app.say("there is no shell to go back to: q leaves, the run goes on", "warn")
        else:
            self.app.action_suspend_process()

    def do_screenshot(self) -> None:
        """Keeps what is shown as a picture."""
        self.console_app.picture()

    def do_copy(self) -> None:
        """Copies the name of what the cursor stands on to the terminal's clipboard."""
        self.console_app.copy(self.copied())

    def copied(self) -> str:
        """Returns what `y` copies: the first cell of the cursor's row that is more than a mark."""
        table = self.focused if isinstance(self.focused, VirtualTable) else self.query(VirtualTable).last()
        return table.named()

    # -- walkthroughs -----------------------------------------------------------------------------

    def do_present(self) -> None:
        """Presents the run, or ends that; an observer goes along with the presenter, or not any more."""
        self.console_app.turn_presenting()

    def pose(self) -> str:
        """Returns how the screen looks, where it can look in several ways; "" where it cannot."""
        return ""

    def take_pose(self, pose: str) -> None:
        """Looks as a presenter's screen does."""

    def pointed(self) -> str:
        """Returns the key of the row under the cursor of the table that has the keys."""
        table = self.focused if isinstance(self.focused, VirtualTable) else None
        return table.cursor if table is not None else ""

    def point(self, key: str) -> bool:
        """Puts the cursor on a row, whichever table has it; False where none has."""
        for table in self.query(VirtualTable):
            if key in table.keys:
                table.select(key)
                return True
        return False

    # -- going elsewhere --------------------------------------------------------------------------

    def do_last(self) -> None:
        """Goes to the screen before this one."""
        self.console_app.go_last()

    def do_back(self) -> None:
        """Goes back on the way that one came."""
        self.console_app.go_step(-1)

    def do_forward(self) -> None:
        """Goes forward again."""
        self.console_app.go_step(1)

    def do_up(self) -> None:
        """Clears the filter, or does what the screen thinks of."""
        if self.filter:
            self._filtered("")

    def do_open(self) -> None:
        """Enter: the table that has the keys says what is to be opened."""
        if isinstance(table := self.focused, VirtualTable):
            table.opened()

    # -- commands ---------------------------------------------------------------------------------

    def do_palette(self) -> None:
        """Opens the palette."""
        self.console_app.find()

    def do_command(self) -> None:
        """Opens the line for a command, in the place of the keys: nothing else moves."""
        from drconsole.console.ways.commands import completions
        from drconsole.console.widgets.command_line import CommandLine

        app = self.console_app
        self._index: Index | None = None
        if self.query("#command"):
            self._open_command(self.query_one("#command", CommandLine))
        else:
            line = CommandLine(lambda text: completions(text, self.id_word, self._index, app.themes))
            self.mount(line, after="#keys")
            self._open_command(line)  # at once: what is typed next is meant for it
        self.console_app.do_work("reading names", self._read_names, quiet=True)

    async def _read_names(self) -> None:
        self._index = await self.console_app.index_apart()
        for line in self.query("#command").results(Input):
            if line.display:
                self.call_later(cast("CommandLine", line).typed)

    def _open_command(self, line: CommandLine) -> None:
        line.display, self.query_one("#keys").display = True, False
        line.open(self.console_app.earlier())

    def on_command_line_hinted(self, event: CommandLine.Hinted) -> None:
        """What the command may become stands in the place of what is live."""
        if self.query_one("#command").display:
            self._hints = event.hints
            self.update()

    def on_command_line_given_up(self) -> None:
        """Nothing is done."""
        self._close_command()

    def _close_command(self) -> None:
        self.query_one("#command").display, self.query_one("#keys").display = False, True
        self._hints = ()
        self.focus_table()
        self.update()

    # -- the filter -------------------------------------------------------------------------------

    def do_filter(self) -> None:
        """Opens the line to type a filter in."""
        line = self.query_one("#filter", Input)
        line.value = self.filter
        line.add_class("open")
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters while one types."""
        if event.input.id == "filter" and event.input.has_class("open"):
            self.filter = event.value
            self.update()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keeps the filter and gives the keys back to the table."""
        if event.input.id == "filter":
            self._filtered(event.value)
        elif event.input.id == "command":
            self._close_command()
            self.console_app.command(event.value)

    def on_key(self, event: events.Key) -> None:
        """Escape in the filter's line gives it up."""
        if event.key == "escape" and self.query_one("#filter", Input).has_focus:
            event.stop()
            event.prevent_default()
            self._filtered("")

    def _filtered(self, text: str) -> None:
        self.filter = text
        line = self.query_one("#filter", Input)
        line.remove_class("open")
        line.value = text
        self.focus_table()
        self.update()

    def focus_table(self) -> None:
        """Gives the keys to the screen's main table."""
        self.query(VirtualTable).last().focus()

    def passes(self, name: str) -> bool:
        """Whether a name passes the filter."""
        return matcher(self.filter)(name)
