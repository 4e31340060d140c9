"""Starting a recovery, from any screen: the form, the confirmation, and what it is started with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drconsole.api.values import RunStarted
from drconsole.console.known.bases import move_to
from drconsole.console.screens.view import View

if TYPE_CHECKING:
    from drconsole.console.screens.recovery_asking import Verdict
    from drconsole.console.screens.recovery_wanted import Wanted

_GIVEN_BACK = frozenset({"done", "failed", "cancelled"})


class Recovering(View):
    """What the screens share that can start a recovery."""

    def do_recover(self) -> None:
        """Asks how to recover the site that is worked on."""
        self._recover()

    def recover_from(self, snapshot_id: str, site: str = "") -> None:
        """Asks the same, with a snapshot chosen. `site` "" is the one that is worked on."""
        if self._works_on(site):
            self._recover(snapshot_id)

    def begin_drafts(self, snapshot_id: str, site: str = "") -> None:
        """Goes to Map with mapping and selection of a snapshot; what was chosen there is carried over."""
        if self._works_on(site):
            move_to(self.store, self.store.site, snapshot_id)
            self.console_app.want_snapshot(snapshot_id)
            self.action_go("map")

    def _works_on(self, site: str) -> bool:
        if site and site not in self.store.sites:
            self.console_app.say(
                f"site {site} is not configured: nothing of it can be recovered here", "warn"
            )
            return False
        self.store.site = site or self.store.site
        return True

    def _recover(self, snapshot: str = "") -> None:
        from drconsole.console.screens.recover_form import RecoverForm
        from drconsole.console.screens.recovery_asking import Verdict
        from drconsole.console.screens.recovery_wanted import wanted_of

        site = self.store.site
        if not site:
            self.console_app.say("there is no site to recover", "warn")
            return
        verdict = Verdict(self.console_app)

        def chosen(wanted: Wanted | None) -> None:
            if wanted is None:
                verdict.leave()
            else:
                self._confirm(wanted, verdict)

        wanted = wanted_of(self.store, site, snapshot)
        self.app.push_screen(RecoverForm(self.console_app, wanted, verdict), chosen)

    def _confirm(self, wanted: Wanted, verdict: Verdict) -> None:
        """A drill wants y; a real run the site's name, typed."""
        from drconsole.console.screens.recovery_asking import ConfirmDrill, ConfirmReal

        def begin(typed: str | bool | None) -> None:
            verdict.leave()
            if typed:
                self._start(wanted, typed if isinstance(typed, str) else "")

        if wanted.mode == "drill":
            self.app.push_screen(ConfirmDrill(self.store, wanted, verdict), begin)
        else:
            self.app.push_screen(ConfirmReal(self.store, wanted, verdict, self._drills(wanted.site)), begin)

    def _drills(self, site: str) -> list[str]:
        """The site's drills that have not been cleaned up: a real run takes their groups."""
        mine = (run for run in self.store.runs if run.site == site)
        return [run.run for run in mine if run.mode == "drill" and run.state not in _GIVEN_BACK]

    def _start(self, wanted: Wanted, confirm: str) -> None:
        from drconsole.console.screens.recovery_wanted import drafts_of, recover_of

        request = recover_of(self.store, wanted, confirm)
        used = drafts_of(self.store, wanted.site, wanted.snapshot)

        def started(reply: RunStarted) -> None:
            # What a run was started with is in its plan, and in its report: it is not lost any more.
            for draft, own in zip(used, (wanted.own_mapping, wanted.own_selection), strict=True):
                if draft is not None and own:
                    draft.save()
            self._started(reply)

        self.console_app.ask(f"starting a {wanted.mode} of {wanted.site}", request, started)

    def _started(self, reply: RunStarted) -> None:
        self.console_app.follow(reply.run)
        self.console_app.say(f"{reply.run} started", "ok")
        if self.app.screen is self:
            self.action_go("run")
