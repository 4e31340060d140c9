"""Sites as an operator sees them: both sides of a site, troubles and remedies, order, ways to objects."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from drconsole.api.values import InventoryBatch
from drconsole.console.screens.sites import SitesView
from drconsole.console.widgets.table import VirtualTable
from tests.console.small_world import RUN, live, world
from tests.console.terminal import console
from tests.console.test_console_verbs import desk
from tests.unit.planning_site import small_site

SIZES = ((80, 24), (120, 40))
REFUSED = "vc-01: the credentials of dr were refused (correct the password; then `drconsole site check`)"


@pytest.mark.parametrize("size", SIZES)
def test_what_a_run_has_recovered_is_shown_live_beside_what_is_protected(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    service = world(tmp_path)
    site = small_site()
    fewer = msgspec.structs.replace(site, virtual_machines=site.virtual_machines[2:4])
    with service.listening(), console(service.config, size) as terminal:
        terminal.sees("▾ ● pittsburgh", "recovered", f"· {RUN}", "not yet", "Guests 6 · live 2s")
        service.recovered[RUN] = [live(fewer)]
        terminal.sees(f"● {RUN}", within=40)
        terminal.press("G", "k", "k", "k")
        terminal.sees(f"recovered by {RUN}", "Guests 2 · live 2s", "web-03", "web-04")
        terminal.press("enter")
        terminal.sees("web-03", "as before" if size[0] > 100 else "web-04")


@pytest.mark.parametrize("size", SIZES)
def test_a_site_that_refuses_our_login_says_so_with_what_to_do(tmp_path: Path, size: tuple[int, int]) -> None:
    service = world(tmp_path, run=False)
    service.batches = [InventoryBatch(site="pittsburgh", state="unwatched", error=REFUSED)]
    with service.listening(), console(service.config, size) as terminal:
        terminal.sees("✗ pittsburgh", "LOGIN REFUSED", "the credentials of dr", "correct the password")
        terminal.sees("web-01")  # as it was captured


def test_a_table_is_sorted_by_the_next_column_and_turned_round(tmp_path: Path) -> None:
    service = world(tmp_path, run=False)
    with service.listening(), console(service.config) as terminal:
        terminal.sees("NAME ↑", "sort NAME ↑ · 1/6", "web-01")
        terminal.press("s", "s")
        terminal.sees("HOST ↑", "sort HOST ↑")
        terminal.press("v")
        shown = terminal.sees("HOST ↓", "sort HOST ↓")
        first = next(line for line in shown.splitlines() if "web-0" in line)
        assert "web-05" in first
        terminal.press("s", "s", "s", "s", "s")
        terminal.sees("NAME ↑", "sort NAME ↑ · 1/6")


async def test_the_way_to_an_object_opens_what_hides_it(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        screen = at.app.screen
        assert isinstance(screen, SitesView)
        table = screen.query_one("#objects", VirtualTable)
        await at.pilot.press("enter")
        assert len(screen._rows) == 1
        for kind, identity in (
            ("guest", "vm-5"),
            ("host", "host-2"),
            ("physical", "db-01"),
            ("datastore", "ds-2"),
        ):
            assert screen.reveal(kind, f"pittsburgh/{identity}")
            assert table.cursor == identity
            await at.until(lambda: screen.focused is table)
        assert not screen.reveal("guest", "pittsburgh/vm-99")
        assert screen.reveal("site", "pittsburgh/pittsburgh")
        await at.until(lambda: screen.copied() == "pittsburgh")
