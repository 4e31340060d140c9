"""Screen 4: the guests, which of them are recovered, on which host, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from textual.widget import Widget

from drconsole.console import phrases
from drconsole.console.draft import SelectionDraft, disk_gib
from drconsole.console.look import mark
from drconsole.console.screens.dialogs import Choose, Option
from drconsole.console.screens.files import read_selection
from drconsole.console.screens.working import Working
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Line, Span
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.model.mapping import VmSelection
from drconsole.planning.placement import Placement

_COLUMNS = (
    Column(name="deploy", title="DEPLOY", width=6),
    Column(name="name", title="NAME", width=16, flex=2),
    Column(name="place", title="HOST → TARGET", width=18, flex=1, rank=1),
    Column(name="gib", title="GiB", width=5, rank=3, right=True),
    Column(name="power", title="POWER", width=11, rank=4),
    Column(name="verdict", title="VERDICT", width=13),
    Column(name="why", title="WHY", width=16, flex=4, rank=2),
)
_FLAGS = (Column(name="flag", title="", width=14), Column(name="what", title="", width=30, flex=1))
_WORDS = {"recoverable": "recoverable", "caveats": "with caveats", "no": "cannot"}


class GuestsView(Working, screen="guests"):
    """Which guests are recovered."""

    document = "selection"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._placement: Placement | None = None
        self._placed_for: object = None

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(_COLUMNS, self._cells, id="vms")
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
        draft = self.selection
        if draft is None or not draft.touched:
            self.fetch_selection()
        if self.mapping is None:
            self.fetch_mapping()
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
        self._place(draft)
        self._vms.empty = "none passes the filter"
        self._vms.show([g.id for g in draft.captured.snapshot.virtual_machines if self.passes(g.name)])
        on = [g for g in draft.captured.snapshot.virtual_machines if draft.flags.get(g.id)]
        size = sum(disk_gib(guest) for guest in on)
        memory = phrases.gib(sum(guest.memory_mib for guest in on))
        saved = "✓ saved" if not draft.unsaved else f"! {draft.unsaved} unsaved"
        title = (
            f"VMs {len(draft.captured.guests)} · deploy {len(on)} · {size:.0f} GiB disk · {memory} GiB memory"
        )
        self._vms.entitle(title, f"{position(self._vms)} {saved}")
        facts.paint(self._facts(draft))

    def _place(self, draft: SelectionDraft) -> None:
        """Placing all guests takes a while with many: only when mapping or selection changed."""
        mapping = self.mapping
        if mapping is None or mapping.snapshot_id != draft.snapshot_id:
            self._placement = None
            return
        known = (id(draft), draft.version, tuple(mapping.deployed.items()))
        if known != self._placed_for:
            self._placed_for = known
            self._placement = draft.placement(mapping.mapping())

    def _facts(self, draft: SelectionDraft) -> list[Line]:
        placed = self._placement
        if placed is None:
            return [[("where guests go is known once screen 3 has a mapping of this snapshot", "dim")]]
        if placed.homeless:
            names = ", ".join(draft.captured.names.get(guest, guest) for guest in list(placed.homeless)[:4])
            return [
                [(f"✗ no deployed host takes {phrases.count(len(placed.homeless), 'guest')}: {names}", "bad")]
            ]
        crowded = ", ".join(f"{draft.captured.names.get(h, h)}: {why}" for h, why in placed.crowded.items())
        if crowded:
            return [[(f"! {crowded}", "warn")]]
        return [[("✓ every deployed guest's datastores and networks are reachable from its host", "ok")]]

    def _cells(self, key: str) -> tuple[Span, ...]:
        draft = self.selection
        if draft is None:
            return tuple(("", "text") for _ in _COLUMNS)
        guest, verdict = draft.captured.guests[key], draft.verdicts.get(key)
        word = verdict.verdict if verdict else "no"
        able, on = draft.able(key), draft.flags.get(key, False)
        glyph, role = ("✗", "bad") if word == "no" else mark(word)
        if verdict is not None and not verdict.registrable:
            glyph, role = "○", "dim"
        homeless = self._placement.homeless.get(key, "") if self._placement and on else ""
        why = homeless or ("; ".join(verdict.reasons) if verdict else "the service does not know it")
        deploy_glyph, deploy_role = mark("yes" if on else "no")
        power_glyph, power_role = mark(guest.power)
        return (
            (f"{deploy_glyph} {'yes' if on else 'no'}" if able else "○ –", deploy_role if able else "dim"),
            (guest.name, "text" if on else "dim"),
            self._where(draft, key, on),
            (f"{disk_gib(guest):.0f}", "text" if on else "dim"),
            ("○ template", "dim") if guest.template else (f"{power_glyph} {guest.power}", power_role),
            (f"{glyph} {_WORDS[word]}", role),
            (why, "bad" if homeless else "text" if on else "dim"),
        )

    def _where(self, draft: SelectionDraft, key: str, on: bool) -> Span:
        host = draft.captured.guests[key].host
        mapping = self.mapping
        if on and self._placement is not None and mapping is not None:
            placed = self._placement.hosts.get(key)
            if placed is None:
                return "✗ no host", "bad"
            target = mapping.targets.get(f"host/{placed}", "")
            moved = "moves to " if placed != host else ""
            name = phrases.short_name(draft.captured.names.get(placed, placed))
            return (
                f"{moved}{name} → {target or '–'}",
                "changed" if moved else "text",
            )
        return phrases.short_name(draft.captured.names.get(host, host)) or "–", "dim"

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
                self.console_app.say(f"changed {phrases.count(changed, 'flag')}", "ok")

        self.app.push_screen(Choose("Set all flags", [], _FLAGS, options), chosen)

    def do_write(self) -> None:
        """Writes the selection."""
        draft = self.selection
        if draft is None:
            return

        def written() -> None:
            draft.unsaved = 0

        self.write_as(draft.selection(), written)

    def do_read(self) -> None:
        """Reads a selection in the place of this one."""
        draft = self.selection
        if draft is None:
            return

        def take(selection: VmSelection) -> None:
            if self.guarded("reading the selection", lambda: draft.read(selection)):
                self.console_app.say("read the selection", "ok")

        def chosen(path: Path) -> None:
            self.console_app.in_thread(f"reading {path}", lambda: read_selection(path), take)

        self.read_from(chosen)
