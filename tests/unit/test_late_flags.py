"""Deploy flags changed in mid-run (R53, R54): what may still be chosen, and until when."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from drconsole.errors import Refused, UnknownName, UsageError
from drconsole.journal import pool, steps
from drconsole.journal.journal import Journal
from drconsole.model.step import step_key
from drconsole.planning import keys
from drconsole.recovery import amend
from drconsole.recovery.amend import Change, Seen
from drconsole.recovery.verbs.flags import flags_changed, flags_of, late_for_guests
from drconsole.recovery.view import run_view
from tests.unit.runs.amendable import amended, frozen, pool_of, went
from tests.unit.runs.following import states
from tests.unit.runs.plans import url


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    await frozen(tmp_path, opened)
    yield opened
    await opened.close()


def changed(
    seen: Seen,
    *,
    of: Journal,
    guests: Mapping[str, bool] | None = None,
    hosts: Mapping[str, bool] | None = None,
) -> Change:
    return flags_changed(seen, guests or {}, hosts or {}, pool_of(of).values(), ())


def guest_states(journal: Journal) -> dict[str, str]:
    return {guest.id: guest.state for guest in journal.read(lambda c: run_view(c, "R-1")).guests}


async def test_a_guest_is_recovered_after_all_and_another_is_left_out(
    tmp_path: Path, journal: Journal
) -> None:
    assert guest_states(journal)["vm-5"] == "not-selected"
    wanted = {"vm-5": True, "vm-2": False}
    reply = await amended(tmp_path, journal, partial(changed, of=journal, guests=wanted))
    assert reply.text == "deployed: web-05; left out: web-02"
    found = guest_states(journal)
    assert (found["vm-5"], found["vm-2"]) == ("pending", "not-selected")
    assert states(journal)[keys.registered("vm-5")] == "pending"
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert keys.registered("vm-2") not in {step.key for step in view.steps}


async def test_a_guest_left_out_and_taken_in_again_is_recovered(tmp_path: Path, journal: Journal) -> None:
    for wanted in (False, True):
        await amended(tmp_path, journal, partial(changed, of=journal, guests={"vm-2": wanted}))
    assert states(journal)[keys.registered("vm-2")] == "pending"
    assert guest_states(journal)["vm-2"] == "pending"


async def test_a_guest_that_cannot_be_recovered_is_refused_with_why(tmp_path: Path, journal: Journal) -> None:
    with pytest.raises(Refused, match="it is the protected management server"):
        await amended(tmp_path, journal, partial(changed, of=journal, guests={"vm-1": True}))


async def test_guests_have_time_until_the_import_begins(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {keys.BARRIER: "done", keys.host_added("esx-01"): "done"})
    with pytest.raises(Refused, match="cannot be changed any more: the import began at"):
        await amended(tmp_path, journal, partial(changed, of=journal, guests={"vm-5": True}))
    flags = flags_of(journal.read(lambda c: amend.see(c, "R-1")))
    assert all(guest.why for guest in flags.guests)


async def test_a_host_is_left_out_while_nothing_was_done_to_its_machine(
    tmp_path: Path, journal: Journal
) -> None:
    await amended(tmp_path, journal, partial(changed, of=journal, hosts={"host-1": False}))
    assert "T0" not in journal.read(pool.leases)
    barrier = journal.read(lambda c: steps.load(c, "R-1"))[keys.BARRIER].step
    assert keys.proved("esx-01") not in barrier.needs
    assert "skipped" not in states(journal).values(), "nobody gave anything up"


async def test_a_host_has_time_until_its_provision_begins(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {step_key("provision", "esx-01", "boot"): "failed"})
    with pytest.raises(Refused, match="its provision began at") as refused:
        await amended(tmp_path, journal, partial(changed, of=journal, hosts={"host-1": False}))
    assert "skip its failed step" in refused.value.remedy
    await amended(tmp_path, journal, partial(changed, of=journal, hosts={"host-2": False}))


async def test_a_host_deployed_late_gets_the_spare_that_fits_best(tmp_path: Path, journal: Journal) -> None:
    await amended(tmp_path, journal, partial(changed, of=journal, hosts={"host-1": False}))
    await amended(tmp_path, journal, partial(changed, of=journal, hosts={"host-1": True}))
    lease = journal.read(pool.leases)["T0"]
    assert (lease.state, lease.role) == ("reserved", "esx-01")
    found = states(journal)
    assert found[step_key("provision", "esx-01", "boot")] == "pending"
    assert found[keys.proved("esx-01")] == "pending"


async def test_what_is_so_already_and_what_is_unknown(tmp_path: Path, journal: Journal) -> None:
    with pytest.raises(UsageError, match="set so already"):
        await amended(tmp_path, journal, partial(changed, of=journal, guests={"vm-5": False}))
    with pytest.raises(UnknownName, match="no guest vm-99"):
        await amended(tmp_path, journal, partial(changed, of=journal, guests={"vm-99": True}))
    with pytest.raises(UnknownName, match="no host vc-01"):
        await amended(tmp_path, journal, partial(changed, of=journal, hosts={"vc-01": False}))


async def test_a_planned_run_takes_no_other_guest_once_it_shuts_them_down(
    tmp_path: Path, journal: Journal
) -> None:
    """One that is left out then would run nowhere."""
    rows = journal.read(lambda c: steps.load(c, "R-1"))
    assert not late_for_guests("planned", rows)
    await went(journal, {keys.halted("a1/g1"): "done"})
    rows = journal.read(lambda c: steps.load(c, "R-1"))
    assert late_for_guests("planned", rows).startswith("halting the protected side began at")
    assert not late_for_guests("drill", rows)
