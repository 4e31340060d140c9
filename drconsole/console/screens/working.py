"""What screens share that work on a site's drafts: which site, the documents, the titles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.inventories.inventory import Captured
from drconsole.console.screens.dialogs import Ask, Choose, Confirm, Option
from drconsole.console.screens.files import write_document
from drconsole.console.screens.judging import Judging
from drconsole.console.screens.view import snapshot_span
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose
from drconsole.console.words import phrases
from drconsole.errors import DRConsoleError
from drconsole.model.mapping import HostMapping, VmSelection


class Working(Judging):
    """A screen with a draft of the site that is worked on."""

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

    def write_as(self, document: HostMapping | VmSelection) -> None:
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
                    lambda yes: self._write(document, path) if yes else None,
                )
            else:
                self._write(document, path)

        self.app.push_screen(
            Ask(f"Write the {self.document} as XML", [[("to the file", "dim")]], value=name), chosen
        )

    def _write(self, document: HostMapping | VmSelection, path: Path) -> None:
        draft = self.draft
        version = draft.version if draft else 0

        def then(where: Path) -> None:
            if draft is not None and draft.version == version:
                draft.save()
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

    # -- what both show --------------------------------------------------------------------------------

    def saved(self, draft: MappingDraft | SelectionDraft) -> str:
        """Returns whether a draft is as it was written to its file; rows that are not bear a star."""
        return f"! {draft.unsaved} unsaved *" if draft.unsaved else "✓ saved"

    def captured_words(self, captured: Captured, unsaved: int) -> Sequence[str]:
        """Returns the crumbs of a draft: site, snapshot, document."""
        words = f"{self.document} ({unsaved} unsaved)" if unsaved else self.document
        older = self.store.captured_of(self.store.site) is not captured
        taken = phrases.clock(captured.snapshot.taken)
        return (self.store.site, f"snapshot {taken}{' (older)' if older else ''}", words)
