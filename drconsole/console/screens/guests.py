"""Screen 4: the guests: which are recovered, on which host, after whom, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from textual.widget import Widget

from drconsole.console.draft import MappingDraft, SelectionDraft, disk_gib
from drconsole.console.inventories.sieve import Sieve
from drconsole.console.screens.dialogs import Choose, Option
from drconsole.console.screens.files import read_selection
from drconsole.console.screens.guest_order import GuestOrder
from drconsole.console.screens.working import Working
from drconsole.console.style.look import Line, Span, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.words import durations, phrases
from drconsole.model.mapping import VmSelection
from drconsole.planning.placement import Placement

_COLUMNS = (
    Column(name="deploy", title="DEPLOY", width=7),
    Column(name="order", title="ORDER", width=5, rank=5, right=True),
    Column(name="name", title="NAME", width=16, flex=2),
    Column(name="place", title="HOST → TARGET", width=18, flex=1, rank=1),
    Column(name="gib", title="GiB", width=5, rank=3, right=True),
    Column(name="objective", title="OBJECTIVE", width=14, rank=7),
    Column(name="after", title="DEPENDS ON", width=12, flex=1, rank=4),
    Column(name="verdict", title="VERDICT", width=14),
    Column(name="why", title="WHY", width=13, flex=4, rank=2),
)
_FLAGS = (Column(name="flag", title="", width=14), Column(name="what", title="", width=30, flex=1))
_WORDS = {"recoverable": "recoverable", "caveats": "with caveats", "no": "cannot"}


class GuestsView(Working, screen="guests"):
    """Which guests are recovered."""

    document = "selection"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._columns: tuple[Column, ...] = _COLUMNS
        self._placed: Placement | None = None
        self._names: tuple[object, Sieve] = (None, Sieve(()))
        self._order: GuestOrder | None = None

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(self._columns, self._cells, id="vms")
        yield Painted(id="facts")

    @property
    def _vms(self) -> VirtualTable:
        return self.query_one("#vms", VirtualTable)

    def on_mount(self) -> None:
        """The table has the keys."""
        self.query_one("#body").add_class("column")
        self._vms.focus()

    # -- drawing ----------------------------------------------------------------------------------

    def crumbs(self) -> Sequence[str]:
        """Site, snapshot, document."""
        draft = self.selection
        return self.captured_words(draft.captured, draft.unsaved) if draft else (self.store.site,)

    def show(self) -> None:
        """The guests that pass the filter, and their sums."""
        self.fetch()
        draft = self.selection
        facts = self.query_one("#facts", Painted)
        if draft is None:
            entry = self.store.sites.get(self.store.site)
            captured = entry is not None and entry.snapshot is not None
            self._vms.empty = (
                "judging the guests …" if captured else "no snapshot yet: c on screen 1 captures"
            )
            self._vms.show(())
            self._vms.entitle("VMs")
            facts.paint([])
            return
        self.judge()
        self._placed = self.placement()
        self._arrange()
        if self._order is None or self._order.captured is not draft.captured:
            self._order = GuestOrder(draft.captured)
            guests = sorted(
                draft.captured.snapshot.virtual_machines, key=lambda guest: (guest.name, guest.id)
            )
            self._names = (draft.captured, Sieve((guest.id, guest.name) for guest in guests))
        self._vms.empty = "none passes the filter"
        self._vms.show(self._names[1].passing(self.filter))
        title = (
            f"VMs {len(draft.captured.guests)} · deploy {draft.selected} · "
            f"{draft.disk_kib / 1024**2:.0f} GiB disk · {phrases.gib(draft.memory_mib)} GiB memory"
        )
        if self._objective() and not self.has_class("narrow"):
            title += f" · {self._objective()}"
        self._vms.entitle(title, f"{position(self._vms)} {self.saved(draft)}")
        facts.paint(self._facts(draft))

    def _arrange(self) -> None:
        """A column for objectives stands there where the site has any."""
        wanted = tuple(c for c in _COLUMNS if c.name != "objective" or self._objective())
        if wanted != self._columns:
            self._columns = wanted
            self._vms.recolumn(wanted, self._cells)

    def _objective(self) -> str:
        """The site's objectives: no guest has one of its own."""
        entry = self.store.sites.get(self.store.site)
        if entry is None:
            return ""
        known = (("RTO", entry.rto_s), ("RPO", entry.rpo_s))
        return " ".join(f"{word} {durations.written(value)}" for word, value in known if value is not None)

    def _facts(self, draft: SelectionDraft) -> list[Line]:
        mapping = self.mapping
        lines = self.older(draft.captured)
        if mapping is None or mapping.snapshot_id != draft.snapshot_id:
            return [*lines, [("where guests go is known once screen 3 has a mapping", "dim")]]
        return [*lines, self.reach(self._placed, draft.captured.names), self.verdict()]

    def _cells(self, key: str) -> tuple[Span, ...]:
        draft, order = self.selection, self._order
        if draft is None or order is None or key not in draft.captured.guests:
            return tuple(("", "text") for _ in self._columns)
        guest, verdict = draft.captured.guests[key], draft.verdicts.get(key)
        word = verdict.verdict if verdict else "no"
        able, on = draft.able(key), draft.flags.get(key, False)
        glyph, role = ("✗", "bad") if word == "no" else mark(word)
        if verdict is not None and not verdict.registrable:
            glyph, role = "○", "dim"
        homeless = self._placed.homeless.get(key, "") if self._placed and on else ""
        why = homeless or ("; ".join(verdict.reasons) if verdict else "the service does not know it")
        deploy_glyph, deploy_role = mark("yes" if on else "no")
        flag = f"{deploy_glyph} {'yes' if on else 'no'}{' *' if draft.differs(key) else ''}"
        plain = "text" if on else "dim"
        cells = {
            "deploy": (flag if able else "○ –", deploy_role if able else "dim"),
            "order": (order.place(key), plain),
            "name": (guest.name, plain),
            "place": self._where(draft, key, on),
            "gib": (f"{disk_gib(guest):.0f}", plain),
            "objective": (self._objective(), "dim"),
            "after": (order.after(key), plain),
            "verdict": (f"{glyph} {_WORDS[word]}", role),
            "why": (why or order.remark(key), "bad" if homeless else plain),
        }
        return tuple(cells[column.name] for column in self._columns)

    def _where(self, draft: SelectionDraft, key: str, on: bool) -> Span:
        """A guest whose host is deployed stays on it; where the others go is found in the background."""
        host, names, mapping = draft.captured.guests[key].host, draft.captured.names, self.mapping
        if not on or mapping is None or mapping.snapshot_id != draft.snapshot_id:
            return phrases.short_name(names.get(host, host)) or "–", "dim"
        if host in mapping.deployed_hosts():
            return f"{phrases.short_name(names.get(host, host))} → {_target(mapping, host)}", "text"
        if self._placed is None:
            return "finding a host …", "work"
        placed = self._placed.hosts.get(key)
        if placed is None:
            return ("✗ no host", "bad") if key in self._placed.homeless else ("finding a host …", "work")
        words = f"moves to {phrases.short_name(names.get(placed, placed))} → {_target(mapping, placed)}"
        return words, "changed"

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The position in the border follows."""
        self.update()

    # -- keys ---------------------------------------------------------------------------------------

    def do_toggle(self) -> None:
        """Turns the flag of the guest under the cursor, or says why it has none."""
        draft, key = self.selection, self._vms.cursor
        if draft is None or not key:
            return
        if not draft.able(key):
            verdict = draft.verdicts.get(key)
            why = "; ".join(verdict.reasons) if verdict else "the service does not know it"
            self.console_app.say(f"{draft.captured.guests[key].name} cannot be recovered: {why}", "warn")
            return
        draft.set((key,), not draft.flags.get(key, False))
        self.update()

    def do_flag_all(self) -> None:
        """Asks which way to set the flags of all that match the filter."""
        draft, keys = self.selection, self._vms.keys
        if draft is None or not keys:
            self.console_app.say("no guest stands here whose flag could be set", "warn")
            return
        able = tuple(key for key in keys if draft.able(key))
        number = phrases.count(len(able), "guest")
        words = f"that match {self.filter}" if self.filter else "of the site"
        options = [
            Option(key="yes", cells=(("✓ deploy", "ok"), (f"{number} {words}", "text"))),
            Option(key="no", cells=(("· do not", "dim"), (f"{number} {words}", "text"))),
        ]

        def chosen(flag: str | None) -> None:
            if flag is not None:
                changed = draft.set(able, flag == "yes")
                self.console_app.say(f"changed {phrases.count(changed, 'flag')}; u takes it back", "ok")

        self.app.push_screen(Choose("Set all flags", [], _FLAGS, options), chosen)

    def do_write(self) -> None:
        """Writes the selection."""
        if self.selection is not None:
            self.write_as(self.selection.selection())

    def do_read(self) -> None:
        """Reads a selection in the place of this one."""
        draft = self.selection
        if draft is None:
            return

        def take(selection: VmSelection) -> None:
            self.guarded("reading the selection", lambda: self._take(draft.read(selection)))

        def chosen(path: Path) -> None:
            self.console_app.in_thread(f"reading {path}", lambda: read_selection(path), take)

        self.read_from(chosen)

    def _take(self, changed: int) -> None:
        words = f"read the selection: {phrases.count(changed, 'flag')} changed; u takes it back"
        self.console_app.say(words, "ok")


def _target(mapping: MappingDraft, host: str) -> str:
    chosen = mapping.values.get(f"host/{host}")
    return chosen.target if chosen and chosen.target else "–"
