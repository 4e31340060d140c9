"""What screens share that work on a site's drafts: fetching them, their documents, the service's verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from drconsole.api import requests
from drconsole.api.values import MatchReply, SelectionReply
from drconsole.console import phrases
from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.inventory import Captured
from drconsole.console.screens.dialogs import Ask, Choose, Confirm, Option, Report, prose
from drconsole.console.screens.files import write_document
from drconsole.console.screens.recovering import Recovering
from drconsole.console.screens.view import snapshot_span
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Line, Span
from drconsole.errors import DRConsoleError, Refused
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import PlanReport


class Working(Recovering):
    """A screen with a draft of the site that is worked on."""

    document: ClassVar[str] = ""

    @property
    def mapping(self) -> MappingDraft | None:
        """The site's mapping, once there is one."""
        return self.store.mappings.get(self.store.site)

    @property
    def selection(self) -> SelectionDraft | None:
        """The site's selection, once there is one."""
        return self.store.selections.get(self.store.site)

    # -- fetching -----------------------------------------------------------------------------------

    def fetch(self, kind: str, begin: Callable[[str, str], None]) -> None:
        """Begins a draft of the newest snapshot; each snapshot is asked about once."""
        site = self.store.site
        entry = self.store.sites.get(site)
        if entry is None or entry.snapshot is None or entry.snapshot.id not in self.store.captured:
            return
        asked = f"{kind} {site}"
        if self.store.refusals.get(asked) != entry.snapshot.id:
            self.store.refusals[asked] = entry.snapshot.id
            begin(site, entry.snapshot.id)

    def fetch_mapping(self) -> None:
        """Begins the mapping with a match of the free targets."""
        self.fetch("mapping", self._begin_mapping)

    def _begin_mapping(self, site: str, snapshot: str) -> None:
        captured = self.store.captured[snapshot]
        self.store.mappings[site] = draft = MappingDraft(snapshot, captured)
        self.console_app.ask(
            f"matching targets for {site}",
            requests.Match(site=site, snapshot=snapshot),
            draft.take,
            quiet=True,
        )

    def fetch_selection(self) -> None:
        """Begins the selection with all guests that can be recovered."""
        self.fetch("selection", self._begin_selection)

    def _begin_selection(self, site: str, snapshot: str) -> None:
        captured = self.store.captured[snapshot]

        def take(reply: SelectionReply) -> None:
            self.store.selections[site] = SelectionDraft(reply, captured)

        self.console_app.ask(
            f"judging the guests of {site}", requests.Select(site=site, snapshot=snapshot), take
        )

    def rematch(self, draft: MappingDraft) -> None:
        """Asks for targets for all deployed roles anew."""

        def take(reply: MatchReply) -> None:
            draft.take(reply)
            draft.touched = True
            draft.unsaved += 1
            self.console_app.say(f"matched {phrases.count(len(reply.matches), 'role')}", "ok")

        request = requests.Match(
            site=self.store.site, snapshot=draft.snapshot_id, mapping=draft.mapping(flags_only=True)
        )
        self.console_app.ask("matching all", request, take)

    # -- the site -------------------------------------------------------------------------------------

    def do_site(self) -> None:
        """Asks for the site to work on."""
        columns = (Column(name="site", title="SITE", width=20), Column(name="is", title="", width=20, flex=1))
        options = [
            Option(key=name, cells=((name, "text"), snapshot_span(self.store, name)[0]))
            for name in self.store.sites
        ]
        self.app.push_screen(Choose("Work on another site", [], columns, options), self._site_chosen)

    def _site_chosen(self, site: str | None) -> None:
        if site is not None:
            self.store.site = site
            self.update()

    # -- documents ------------------------------------------------------------------------------------

    def write_as(self, document: HostMapping | VmSelection, written: Callable[[], None]) -> None:
        """Asks where to, and writes; an existing file is only replaced when that is meant."""
        name = f"{self.document}-{self.store.site}.xml"

        def chosen(text: str | None) -> None:
            if text is None:
                return
            path = Path(text).expanduser()
            if path.exists():
                lines = prose(f"{path} exists.", "warn")
                self.app.push_screen(
                    Confirm("Replace the file", lines, "replaces it"),
                    lambda yes: self._write(document, path, written) if yes else None,
                )
            else:
                self._write(document, path, written)

        self.app.push_screen(
            Ask(f"Write the {self.document} as XML", [[("to the file", "dim")]], value=name), chosen
        )

    def _write(self, document: HostMapping | VmSelection, path: Path, written: Callable[[], None]) -> None:
        def then(where: Path) -> None:
            written()
            self.console_app.say(f"wrote {where}", "ok")

        self.console_app.in_thread(f"writing {path}", lambda: write_document(document, path), then)

    def read_from(self, take: Callable[[Path], None]) -> None:
        """Asks which file, and hands it over."""
        name = f"{self.document}-{self.store.site}.xml"
        self.app.push_screen(
            Ask(f"Read the {self.document} from XML", [[("from the file", "dim")]], value=name),
            lambda text: take(Path(text)) if text else None,
        )

    def guarded(self, doing: str, work: Callable[[], None]) -> bool:
        """Does something that may be refused, and shows the refusal."""
        try:
            work()
        except DRConsoleError as error:
            self.console_app.fail(doing, error)
            return False
        self.update()
        return True

    # -- the service's verdict -------------------------------------------------------------------------

    def do_validate(self) -> None:
        """Lets the service plan a drill with both drafts and shows what it found."""
        mapping, selection = self.mapping, self.selection
        if mapping is None and selection is None:
            self.console_app.say("there is nothing to validate yet", "warn")
            return
        chosen = mapping or selection
        assert chosen is not None
        if mapping and selection and mapping.snapshot_id != selection.snapshot_id:
            error = Refused("the mapping and the selection are of different snapshots", about=self.store.site)
            self.console_app.fail("validate", error)
            return
        request = requests.PlanRun(
            site=self.store.site,
            mode="drill",
            snapshot=chosen.snapshot_id,
            mapping=mapping.mapping() if mapping else None,
            selection=selection.selection() if selection else None,
        )
        self.console_app.ask("validating", request, self._validated)

    def _validated(self, report: PlanReport) -> None:
        self.app.push_screen(Report(f"Validation of {report.site}", report_lines(report)))

    # -- what both show --------------------------------------------------------------------------------

    def captured_words(self, captured: Captured, unsaved: int) -> Sequence[str]:
        """Returns the crumbs of a draft: site, snapshot, document."""
        words = f"{self.document} ({unsaved} unsaved)" if unsaved else self.document
        older = self.store.captured_of(self.store.site) is not captured
        taken = phrases.clock(captured.snapshot.taken)
        return (self.store.site, f"snapshot {taken}{' (older)' if older else ''}", words)


def report_lines(report: PlanReport) -> list[Line]:
    """Returns a plan's findings, the blocking ones first, and its estimate."""
    ready: list[Span] = (
        [("✓ ready", "ok")] if report.ready else [("✗ not ready: this would be refused", "bad")]
    )
    lines: list[Line] = [ready]
    for finding in sorted(report.findings, key=lambda finding: not finding.blocks):
        glyph, role = ("✗", "bad") if finding.blocks else ("!", "warn")
        lines.append([(f"{glyph} {finding.subject}: ", role), (finding.text, "text")])
        if finding.remedy:
            lines.append([(f"  → {finding.remedy}", "dim")])
    unable = sum(verdict.verdict == "no" for verdict in report.verdicts)
    able = f"{phrases.count(report.steps, 'step')}, {len(report.verdicts) - unable} guests can be recovered, "
    lines += [[], [(able, "text"), (f"{unable} cannot", "warn" if unable else "dim")]]
    if report.estimate is not None:
        lines.append(
            [
                (f"estimate {phrases.minutes(report.estimate.seconds)}", "title"),
                (f" ({report.estimate.basis})", "dim"),
            ]
        )
    return lines
