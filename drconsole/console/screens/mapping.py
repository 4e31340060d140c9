"""Screen 3: roles and their targets, how well they fit and why, deploy flags."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from textual.widget import Widget

from drconsole.console.draft import MappingDraft, fit_of
from drconsole.console.screens.dialogs import Choose, Confirm, Option
from drconsole.console.screens.files import read_mapping
from drconsole.console.screens.view import SEPARATOR
from drconsole.console.screens.working import Working
from drconsole.console.style.look import Line, Span, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose, wrapped
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.words import phrases
from drconsole.errors import Refused
from drconsole.model.mapping import HostMapping
from drconsole.model.text import safe_text
from drconsole.planning.roles import Need

_COLUMNS = (
    Column(name="deploy", title="DEPLOY", width=7),
    Column(name="role", title="ROLE", width=10, rank=2),
    Column(name="protected", title="PROTECTED", width=12, flex=2),
    Column(name="guests", title="GUESTS", width=6, rank=4, right=True),
    Column(name="needs", title="CPU/GiB", width=8, rank=3, right=True),
    Column(name="arrow", title="→", width=1),
    Column(name="target", title="TARGET", width=10),
    Column(name="has", title="CPU/GiB", width=8, rank=3, right=True),
    Column(name="fit", title="FIT", width=7),
    Column(name="why", title="WHY", width=14, flex=4, rank=1),
)
_CHOICE = (
    Column(name="target", title="TARGET", width=14, flex=1),
    Column(name="fit", title="FIT", width=7),
    Column(name="has", title="CPU/GiB", width=9, right=True),
    Column(name="why", title="WHY", width=28, flex=2),
)
_MARGIN = 4
_FITS = {"good": 0, "tight": 1, "none": 2}


class MappingView(Working, screen="map"):
    """Which target takes which role."""

    document = "mapping"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._counted: tuple[object, Counter[str]] = (None, Counter())

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(_COLUMNS, self._cells, id="roles")
        yield Painted(id="facts")

    @property
    def _roles(self) -> VirtualTable:
        return self.query_one("#roles", VirtualTable)

    def on_mount(self) -> None:
        """The table has the keys."""
        self.query_one("#body").add_class("column")
        self._roles.focus()

    # -- drawing ----------------------------------------------------------------------------------

    def crumbs(self) -> Sequence[str]:
        """Site, snapshot, document."""
        draft = self.mapping
        return self.captured_words(draft.captured, draft.unsaved) if draft else (self.store.site,)

    def show(self) -> None:
        """The roles and what they amount to."""
        self.fetch()
        draft = self.mapping
        facts = self.query_one("#facts", Painted)
        if draft is None:
            entry = self.store.sites.get(self.store.site)
            captured = entry is not None and entry.snapshot is not None
            self._roles.empty = (
                "reading the snapshot …" if captured else "no snapshot yet: c on screen 1 captures"
            )
            self._roles.show(())
            self._roles.entitle("Roles")
            facts.paint([])
            return
        self.judge()
        self._roles.empty = "none passes the filter"
        self._roles.show([key for key, need in draft.needs.items() if self.passes(need.name)])
        on = sum(chosen.deploy for chosen in draft.values.values())
        self._roles.entitle(
            f"Roles {len(draft.needs)} · deploy {on}", f"{position(self._roles)} {self.saved(draft)}"
        )
        facts.paint(self._facts(draft))

    def _facts(self, draft: MappingDraft) -> list[Line]:
        needed = sum(chosen.deploy for chosen in draft.values.values())
        free = sum(target.state == "free" for target in self.store.targets or ())
        count: Span = (
            f"needs {phrases.count(needed, 'target')}, {free} free",
            "text" if free >= needed else "bad",
        )
        problem = draft.problem(self.store.targets or ())
        here: Line = [(f"✗ {problem}", "bad")] if problem else self.verdict()
        beside = not self.has_class("narrow")
        lines: list[Line] = [*self.older(draft.captured)]
        lines += [[count, SEPARATOR, *here]] if beside else [[count], here]
        if self.selection is not None:
            lines.append(self.reach(self.placement(), draft.captured.names))
        if key := self._roles.cursor:
            why = draft.fit(key, self.store.pool()).why
            need = draft.needs[key]
            words = f"{need.name}: needs {need.size()}; {why}"
            width = max(20, self.size.width - _MARGIN)
            lines += [[(part, "text")] for part in wrapped(safe_text(words), width)[:2]]
        return lines

    def _cells(self, key: str) -> tuple[Span, ...]:
        draft = self.mapping
        if draft is None:
            return tuple(("", "text") for _ in _COLUMNS)
        need, pool = draft.needs[key], self.store.pool()
        chosen = draft.values[key]
        target = pool.get(chosen.target)
        hardware = target.hardware if target else None
        on, fit = chosen.deploy, draft.fit(key, pool)
        fit_glyph, fit_role = mark(fit.word)
        deploy_glyph, deploy_role = mark("yes" if on else "no")
        guests = self._guests().get(need.protected) if need.role == "host" else None
        size = f"{need.threads or need.cores}/{phrases.gib(need.memory_mib)}"
        has = (
            f"{hardware.cpu_threads or hardware.cpu_cores}/{phrases.gib(hardware.memory_mib)}"
            if hardware
            else "–"
        )
        plain = "text" if on else "dim"
        return (
            (f"{deploy_glyph} {'yes' if on else 'no'}{' *' if draft.differs(key) else ''}", deploy_role),
            (need.role, plain),
            (phrases.short_name(need.name), plain),
            (str(guests) if guests is not None else "–", plain),
            (size, plain),
            ("→", "dim"),
            (chosen.target or "–", "changed" if draft.differs(key) and on else plain),
            (has, plain),
            (f"{fit_glyph} {fit.word}", fit_role),
            (fit.why, "text" if fit.word != "none" else "bad"),
        )

    def _guests(self) -> Counter[str]:
        """How many selected guests each host had."""
        selection, draft = self.selection, self.mapping
        if draft is None:
            return Counter()
        of = (id(draft), id(selection), selection.version if selection else 0)
        if self._counted[0] != of:
            guests = draft.captured.snapshot.virtual_machines
            chosen = [g.host for g in guests if selection is None or selection.flags.get(g.id, False)]
            self._counted = (of, Counter(chosen))
        return self._counted[1]

    def live(self) -> list[Span]:
        """How old the pool is, then the sites."""
        age = time.monotonic() - self.store.targets_at
        word = "pool not seen yet" if self.store.targets is None else f"pool live {phrases.age(age)}"
        return [(word, "ok" if self.store.targets is not None else "warn"), SEPARATOR, *super().live()]

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The line below explains the row of the cursor."""
        self.update()

    # -- keys ---------------------------------------------------------------------------------------

    def do_toggle(self) -> None:
        """Turns the deploy flag of the role under the cursor."""
        draft, key = self.mapping, self._roles.cursor
        if draft is not None and key:
            self.guarded("deploy", lambda: draft.toggle(key))

    def do_pick(self) -> None:
        """Asks for the target of the role under the cursor."""
        draft, key = self.mapping, self._roles.cursor
        if draft is None or not key:
            return
        need = draft.needs[key]
        lines: list[Line] = [[(f"{need.role} {need.name} ", "title"), (f"needs {need.size()}", "text")]]
        options = self._options(draft, key, need)
        choose = Choose(f"Target for {need.name}", lines, _CHOICE, options)
        self.app.push_screen(choose, lambda name: self._picked(draft, key, name))

    def _options(self, draft: MappingDraft, key: str, need: Need) -> list[Option]:
        """The targets that fit first; then the others, with why not."""
        found: list[tuple[int, str, Option]] = []
        for name, target in self.store.pool().items():
            fit, holder = fit_of(need, target), draft.holder(name)
            taken = (
                f"taken by {draft.needs[holder].name}, which loses it; " if holder and holder != key else ""
            )
            why = f"{'chosen now; ' if holder == key else taken}{fit.why}"
            glyph, role = mark(fit.word)
            hardware = target.hardware
            has = f"{hardware.cpu_threads}/{phrases.gib(hardware.memory_mib)}" if hardware else "?"
            cells = (
                (name, "text"),
                (f"{glyph} {fit.word}", role),
                (has, "text"),
                (why, "text" if fit.word != "none" else "dim"),
            )
            refusal = f"{name} does not fit: {fit.why}" if fit.word == "none" else ""
            found.append(
                (
                    _FITS[fit.word] + (bool(taken) and fit.word != "none"),
                    name,
                    Option(key=name, cells=cells, refusal=refusal),
                )
            )
        return [option for _, _, option in sorted(found, key=lambda entry: entry[:2])]

    def _picked(self, draft: MappingDraft, key: str, name: str | None) -> None:
        if name is not None:
            draft.assign(key, name)
            self.update()

    def do_match(self) -> None:
        """Matches everything anew, once that is meant."""
        draft = self.mapping
        if draft is None:
            return
        lines = prose(
            "Match free targets to all deployed roles anew. "
            "Targets chosen by hand are given up; deploy flags stay."
        )
        self.app.push_screen(
            Confirm("Match all", lines, "matches"), lambda yes: self.rematch(draft) if yes else None
        )

    def do_write(self) -> None:
        """Writes the mapping, if it is one."""
        draft = self.mapping
        if draft is None:
            return
        if bare := draft.bare():
            error = Refused(
                f"no target for {', '.join(bare)}",
                about="host mapping",
                remedy="enter picks one, or space takes the role out",
            )
            self.console_app.fail("write XML", error)
            return
        self.write_as(draft.mapping())

    def do_read(self) -> None:
        """Reads a mapping in the place of this one."""
        draft = self.mapping
        if draft is None:
            return
        targets = self.store.targets or ()

        def take(mapping: HostMapping) -> None:
            self.guarded("reading the mapping", lambda: self._take(draft.read(mapping, targets)))

        def chosen(path: Path) -> None:
            self.console_app.in_thread(f"reading {path}", lambda: read_mapping(path), take)

        self.read_from(chosen)

    def _take(self, changed: int) -> None:
        self.console_app.say(
            f"read the mapping: {phrases.count(changed, 'role')} changed; u takes it back", "ok"
        )
