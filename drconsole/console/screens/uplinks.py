"""Screen 6: hosts' uplinks as captured, on their targets now, planned; applied or rolled back from here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from textual.containers import Horizontal
from textual.widget import Widget

from drconsole.api.uplinks import HostUplinks
from drconsole.console.known.following import Following
from drconsole.console.screens.dialogs import Report
from drconsole.console.screens.uplink_verbs import UplinkVerbs
from drconsole.console.screens.view import SEPARATOR
from drconsole.console.style.look import Line, Span
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.widgets.uplink_panes import (
    STATES,
    captured_lines,
    changes_of,
    now_lines,
    page_lines,
    planned_lines,
    why_lines,
)
from drconsole.console.words import phrases

_COLUMNS = (
    Column(name="host", title="HOST", width=20, flex=3),
    Column(name="on", title="ON", width=6, flex=1),
    Column(name="state", title="STATE", width=10),
    Column(name="trial", title="TRIAL", width=8),
    Column(name="plan", title="PLAN", width=14),
    Column(name="note", title="NOTE", width=20, flex=2, rank=1),
)
_WHY = 5
"""Lines that the reasons have at the least, their border among them."""

_PAGE, _AROUND = 110, 10
"""Columns of a page at the most, its borders among them."""


class UplinksView(UplinkVerbs, screen="uplinks"):
    """The hosts of the run that is looked at, and the uplinks of the one under the cursor."""

    CSS = """
    UplinksView #panes { height: 8; }
    UplinksView #panes .pane { height: 1fr; width: 1fr; }
    UplinksView #now { max-width: 34; }
    UplinksView.narrow #panes .pane { padding: 0; }
    UplinksView.narrow #now { width: 24; }
    UplinksView #why { height: 1fr; }
    """

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(_COLUMNS, self._cells, id="hosts", empty="no run yet: R starts one")
        with Horizontal(id="panes"):
            yield Painted(id="captured", classes="pane")
            yield Painted(id="now", classes="pane")
            yield Painted(id="planned", classes="pane")
        yield Painted(id="why", classes="pane")

    def on_mount(self) -> None:
        """The hosts have the keys."""
        self.query_one("#body").add_class("column")
        self.hosts.focus()

    def crumbs(self) -> Sequence[str]:
        """The run, the host, its target."""
        following, host = self.store.following, self.host
        where = [f"{phrases.short_name(host.host)} on {host.target}"] if host else []
        return (following.run, *where) if following else ("no run",)

    def labels(self) -> dict[str, str]:
        """What the verbs would do now; those that do not apply stay out."""
        host = self.host
        able = [each for each in self.known.values() if not each.cannot_apply]
        word = "apply…" if host is None or host.state == "waiting" else "try again…"
        return {
            "why": "why" if host else "",
            "apply": word if host and not host.cannot_apply else "",
            "apply_all": f"apply all {len(able)}…" if len(able) > 1 else "",
            "review": self._review_label(),
            "roll_back": "roll back…" if host and not host.cannot_roll_back else "",
        }

    def _review_label(self) -> str:
        """Only where a host is left to move."""
        left = [host for host in self.known.values() if host.state not in ("applied", "moving")]
        if not left or self.store.following is None or not self.store.following.live:
            return ""
        return "no review…" if any(host.reviewed for host in left) else "review…"

    def live(self) -> list[Span]:
        """How old this is, and how many hosts wait for somebody."""
        following = self.store.following
        if following is None or not self.told_at:
            return [("uplinks: asking the service …" if following else "no run is looked at", "work")]
        if following.moment is not None:
            return [(f"as it was at {phrases.seconds_clock(following.moment.isoformat())}", "work")]
        age = time.monotonic() - max(self.told_at, following.viewed if following.attached else 0.0)
        stale = following.live and age > 15
        word = f"uplinks {'STALE' if stale else 'live'} {phrases.age(age)}"
        waits = sum(host.state in ("waiting", "failed") for host in self.known.values())
        return [
            (word, "warn" if stale else "ok") if following.live else ("run at rest", "dim"),
            SEPARATOR,
            (f"waiting for you: {waits}", "bad") if waits and following.live else ("waits for nobody", "dim"),
            SEPARATOR,
            *super().live(),
        ]

    def show(self) -> None:
        """The hosts, then the uplinks of the one under the cursor."""
        self.look()
        following = self.store.following
        self.hosts.empty = self._nothing(following)
        self.hosts.show([name for name in self.known if self.passes(name)])
        states = Counter(host.state for host in self.known.values())
        words = "".join(f" · {STATES[state][0]} {state} {number}" for state, number in sorted(states.items()))
        self.hosts.entitle(f"Hosts {len(self.known)}{words}", position(self.hosts))
        self._show_host(self.host)

    def _nothing(self, following: Following | None) -> str:
        if following is None:
            return "no run yet: R starts one"
        if not self.told_at:
            return "asking the service …"
        return "none passes the filter" if self.known else "this run recovers no host"

    def _show_host(self, host: HostUplinks | None) -> None:
        each = self._arrange(host)
        look = self.console_app.look
        captured, now = self.query_one("#captured", Painted), self.query_one("#now", Painted)
        planned, why = self.query_one("#planned", Painted), self.query_one("#why", Painted)
        captured.entitle("as captured")
        now.entitle(f"on {host.target}, now" if host else "now")
        planned.entitle("planned" if host is None or not host.applied else "planned ✓ applied")
        why.entitle(f"why · {host.host}" if host else "why")
        if host is None:
            for pane in (captured, now, planned, why):
                pane.paint([])
            return
        captured.paint(captured_lines(host, captured.size.width, look, each=each))
        now.paint(now_lines(host, now.size.width, look))
        planned.paint(planned_lines(host, planned.size.width, look, each=each))
        why.paint(self._reasons(host, why.size.width, why.size.height))

    def _arrange(self, host: HostUplinks | None) -> int:
        """Gives each pane its height, and returns how many lines a switch has. The reasons keep theirs."""
        height = self.query_one("#body").size.height
        hosts = min(max(len(self.known), 1) + 3, max(6, height // 4))
        rows = max(len(host.captured), 1) if host else 3
        room = height - hosts - _WHY
        each = 2 if 2 * rows + 2 <= room else 1
        panes = min(max(each * rows, len(host.now) if host else 0) + 2, max(4, room))
        for name, lines in (("#hosts", hosts), ("#panes", panes)):
            widget = self.query_one(name)
            if widget.styles.height is None or widget.styles.height.value != lines:
                widget.styles.height = lines
        return each

    def _reasons(self, host: HostUplinks, width: int, height: int) -> list[Line]:
        """As many as there is room for; the last line says where the others are."""
        lines = [line for text, role in why_lines(host) for line in prose(text, role, width)]
        if len(lines) <= height:
            return lines
        left = len(lines) - height + 1
        return [*lines[: height - 1], [(f"{phrases.count(left, 'more line')}: enter shows all", "dim")]]

    def _cells(self, key: str) -> tuple[Span, ...]:
        host = self.known.get(key)
        if host is None:
            return tuple(("–", "dim") for _ in _COLUMNS)
        glyph, role = STATES[host.state]
        return (
            (host.host, "text"),
            (host.target or "–", "text"),
            (f"{glyph} {host.state}", role),
            (host.trial, "changed") if host.trial else ("–", "dim"),
            changes_of(host),
            _note(host),
        )

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The panes are those of the host under the cursor."""
        self.update()

    def do_why(self) -> None:
        """Opens all that is known of the host."""
        if (host := self.host) is not None:
            title = f"Uplinks · {host.host} on {host.target}"
            width = min(self.size.width, _PAGE) - _AROUND
            self.app.push_screen(Report(title, page_lines(host, width, self.console_app.look)))


def _note(host: HostUplinks) -> Span:
    if host.state == "failed":
        return host.trouble, "bad"
    if host.state == "waiting":
        return "asks before it moves for good", "warn"
    if host.refused:
        return f"rolled back: {', '.join(host.refused)}", "changed"
    if host.unconnected:
        return f"no link for {', '.join(host.unconnected)}", "warn"
    return next(((text, "dim") for text in host.why.values()), ("", "dim"))
