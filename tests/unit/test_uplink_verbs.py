"""Hosts' uplinks under review: what operators may say when, and what it changes in the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from drconsole.api.uplinks import HostUplinks
from drconsole.errors import Refused, UnknownName
from drconsole.journal import runs, steps
from drconsole.journal.journal import Journal
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import amend, verbs
from drconsole.recovery.amend import Change, Seen, Stale
from drconsole.recovery.step_page import step_detail
from drconsole.recovery.uplinks import uplinks_of
from drconsole.recovery.verbs.giving_up import giving_up, host_of
from drconsole.recovery.verbs.replacing import replacement
from drconsole.recovery.verbs.uplinks import (
    apply,
    cleared,
    host_steps,
    reviewed,
    rolled_back,
    why_not_roll_back,
)
from tests.unit.runs.amendable import SmallRoom, amended, frozen, pool_of, source, went
from tests.unit.runs.following import states
from tests.unit.runs.plans import settings, url

HOST, OTHER = "esx-01", "esx-02"
TRY, APPLY, PROVE = keys.uplinks_tried(HOST), keys.uplinks_applied(HOST), keys.proved(HOST)
OTHERS_APPLY = keys.uplinks_applied(OTHER)
PORTS = [{"name": f"vmnic{n}", "link": n != 2, "speed": 0 if n == 2 else 10_000} for n in range(4)]
MOVES = {"vmnic0": "vmnic2", "vmnic1": "vmnic1", "vmnic2": "vmnic0"}


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    await frozen(tmp_path, opened, msgspec.structs.replace(source(), review_uplinks=True))
    yield opened
    await opened.close()


async def begin(journal: Journal, key: str) -> int:
    attempt = rows(journal)[key].attempts + 1
    await journal.write(partial(_begun, key=key, attempt=attempt))
    return attempt


def _begun(connection: Connection, key: str, attempt: int) -> None:
    row = runs.find(connection, "R-1")
    assert steps.begin(connection, "R-1", row.epoch, key, attempt, amended=row.amended)


async def tried(journal: Journal, host: str = HOST, port: str = "vmnic0") -> None:
    """The host's trial stands on a port, and an operator is asked."""
    key, asking = keys.uplinks_tried(host), keys.uplinks_applied(host)
    found: dict[str, Any] = {"port": port, "nics": MOVES, "why": {"vmnic2": "no link"}, "ports": PORTS}
    await begin(journal, key)
    await journal.write(lambda c: steps.finish(c, "R-1", runs.current_epoch(c, "R-1"), key, found))
    await begin(journal, asking)
    await journal.write(
        lambda c: steps.wait(
            c, "R-1", runs.current_epoch(c, "R-1"), asking, question=f"{host} to {port}?", remedy="say it"
        )
    )


async def failed(journal: Journal, key: str) -> None:
    attempt = await begin(journal, key)
    await journal.write(
        lambda c: steps.fail(
            c, "R-1", runs.current_epoch(c, "R-1"), key, error="broken", remedy="mend", attempt=attempt
        )
    )


def rows(journal: Journal) -> dict[str, steps.StepRow]:
    return journal.read(lambda c: steps.load(c, "R-1", cleanup=False))


def plan(journal: Journal) -> PlanInput:
    return msgspec.json.decode(journal.read(lambda c: runs.frozen(c, "R-1"))[1], type=PlanInput)


def shown(journal: Journal, host: str = HOST) -> HostUplinks:
    every = journal.read(lambda c: uplinks_of(c, "R-1"))
    assert [each.host for each in every] == ["esx-01", "esx-02", "esx-03", "esx-04"]
    return next(each for each in every if each.host == host)


def back(seen: Seen, *, host: str = HOST) -> Change:
    return rolled_back(seen, host, reason="the wrong switch")


def applied(journal: Journal, *hosts: str) -> Any:
    return journal.write(lambda c: apply(c, "R-1", hosts, actor="ann"))


async def test_a_roll_back_refuses_the_port_and_puts_this_host_back_alone(
    tmp_path: Path, journal: Journal
) -> None:
    await tried(journal)
    await tried(journal, OTHER)
    reply = await amended(tmp_path, journal, back)
    assert reply.steps == (TRY, APPLY)
    assert "vmnic0 is not tried again" in reply.text
    assert plan(journal).refused_uplinks == {"T0": ("vmnic0",)}
    now = rows(journal)
    assert now[TRY].step.arguments["refused"] == ["vmnic0"]
    assert (now[TRY].state, now[TRY].result, now[APPLY].state, now[APPLY].error) == (
        "pending",
        None,
        "pending",
        None,
    )
    assert now[OTHERS_APPLY].state == "waiting"
    assert "refused" not in now[OTHERS_APPLY].step.arguments
    said = journal.read(lambda c: amend.see(c, "R-1")).verbs[0]
    assert (said.verb, said.actor, said.reason) == ("roll-back", "ann", "the wrong switch")


async def test_a_second_roll_back_adds_to_the_first(tmp_path: Path, journal: Journal) -> None:
    await tried(journal)
    await amended(tmp_path, journal, back)
    await tried(journal, port="vmnic1")
    assert shown(journal).cannot_roll_back == ""
    await amended(tmp_path, journal, back)
    assert plan(journal).refused_uplinks == {"T0": ("vmnic0", "vmnic1")}


async def refusal(journal: Journal, host: str = HOST) -> str:
    """What a roll back is refused with; what is shown beside it must be the same."""
    seen = journal.read(lambda c: amend.see(c, "R-1"))
    with pytest.raises(Refused) as error:
        rolled_back(seen, host)
    assert shown(journal, host).cannot_roll_back
    assert shown(journal, host).cannot_roll_back in error.value.message
    return error.value.message


async def test_without_a_trial_there_is_nothing_to_roll_back(journal: Journal) -> None:
    assert "no trial stands" in await refusal(journal)
    await begin(journal, TRY)
    assert "its trial is under way" in await refusal(journal)


async def test_a_trial_that_failed_was_taken_back_and_apply_tries_again(journal: Journal) -> None:
    await failed(journal, TRY)
    assert "what failed was taken back" in await refusal(journal)
    reply = await applied(journal, HOST)
    assert reply.steps == (TRY,)
    assert states(journal)[TRY] == "pending"


async def test_a_move_that_was_approved_or_has_begun_cannot_be_rolled_back(journal: Journal) -> None:
    await tried(journal)
    reply = await applied(journal, HOST)
    assert reply.steps == (APPLY,)
    assert "its move for good is due: ann said approve" in await refusal(journal)
    await begin(journal, APPLY)
    assert "its move for good began" in await refusal(journal)


async def test_a_move_that_failed_has_begun(journal: Journal) -> None:
    await tried(journal)
    await applied(journal, HOST)
    await failed(journal, APPLY)
    assert "its move for good began" in await refusal(journal)
    assert shown(journal).state == "failed"
    assert (await applied(journal, HOST)).steps == (APPLY,)


async def test_a_host_that_was_proved_is_where_it_belongs(journal: Journal) -> None:
    await tried(journal)
    await applied(journal, HOST)
    await went(journal, {PROVE: "done"})
    assert "has moved for good already" in await refusal(journal)
    assert shown(journal).cannot_apply == "it has moved for good already"
    with pytest.raises(Refused, match="moved for good already"):
        await applied(journal, HOST)


async def test_an_answer_that_came_meanwhile_is_decided_on_anew(tmp_path: Path, journal: Journal) -> None:
    await tried(journal)
    seen = journal.read(lambda c: amend.see(c, "R-1"))
    made = amend.compose(settings(tmp_path), seen, back(seen), [SmallRoom()])
    await applied(journal, HOST)
    with pytest.raises(Stale):
        await journal.write(partial(amend.write, made=made, actor="bob"))
    assert states(journal)[APPLY] == "pending"
    assert plan(journal).refused_uplinks == {}


async def test_apply_takes_every_host_that_waits_or_failed(journal: Journal) -> None:
    with pytest.raises(Refused, match="no host's uplinks wait"):
        await applied(journal)
    await tried(journal)
    await failed(journal, keys.uplinks_tried(OTHER))
    reply = await applied(journal)
    assert set(reply.steps) == {APPLY, keys.uplinks_tried(OTHER)}
    assert reply.text == "esx-01 moves, esx-02 is tried again"
    with pytest.raises(Refused, match="nothing of its uplinks waits"):
        await applied(journal, "esx-03")


async def test_a_host_that_is_not_there_is_told_with_those_that_are(journal: Journal) -> None:
    with pytest.raises(UnknownName) as error:
        await applied(journal, "esx-77")
    assert "esx-01, esx-02" in error.value.remedy
    with pytest.raises(UnknownName):
        back(journal.read(lambda c: amend.see(c, "R-1")), host="esx-77")


async def test_a_spent_host_gets_its_ports_back_only_by_name(tmp_path: Path, journal: Journal) -> None:
    await tried(journal)
    await amended(tmp_path, journal, back)
    await failed(journal, TRY)
    assert shown(journal).spent
    await applied(journal)
    assert plan(journal).refused_uplinks == {"T0": ("vmnic0",)}
    await failed(journal, TRY)
    reply = await amended(tmp_path, journal, partial(cleared, hosts=(HOST,)))
    assert "esx-01: vmnic0 may be tried again" in reply.text
    assert plan(journal).refused_uplinks == {}
    assert "refused" not in rows(journal)[TRY].step.arguments
    assert states(journal)[TRY] == "pending"


async def test_another_machine_in_its_place_has_no_refused_ports(tmp_path: Path, journal: Journal) -> None:
    await tried(journal)
    await amended(tmp_path, journal, back)
    await amended(
        tmp_path, journal, lambda seen: replacement(seen, "T0", "X1", pool_of(journal).values(), ())
    )
    assert "refused" not in rows(journal)[TRY].step.arguments
    assert shown(journal).target == "X1"
    assert shown(journal).refused == ()


async def test_a_host_that_waits_can_be_given_up(tmp_path: Path, journal: Journal) -> None:
    await tried(journal)

    def given(seen: Seen) -> Change:
        need = host_of(seen, APPLY)
        assert need is not None
        return giving_up(seen, need, APPLY, reason="no good port")

    await amended(tmp_path, journal, given)
    assert states(journal)[APPLY] == "skipped"
    known = host_steps(rows(journal))
    assert why_not_roll_back(known[HOST]) == "it was given up"


async def test_a_review_begins_in_mid_run_for_all_that_have_not_moved(
    tmp_path: Path, journal: Journal
) -> None:
    off = await amended(tmp_path, journal, partial(reviewed, review=False))
    assert off.text == "hosts move without asking"
    assert not shown(journal).reviewed
    await tried(journal, OTHER)
    await went(journal, {keys.ready(HOST): "done"})
    before = states(journal)
    reply = await amended(tmp_path, journal, partial(reviewed, review=True))
    assert reply.steps == ()
    assert states(journal) == before
    assert shown(journal).reviewed
    with pytest.raises(Refused, match="reviewed already; ann said review"):
        await amended(tmp_path, journal, partial(reviewed, review=True))


async def test_a_review_does_not_begin_while_a_host_moves_nor_when_all_have(
    tmp_path: Path, journal: Journal
) -> None:
    await amended(tmp_path, journal, partial(reviewed, review=False))
    for host in ("esx-01", "esx-02", "esx-03", "esx-04"):
        await begin(journal, keys.uplinks_applied(host))
        with pytest.raises(Refused, match="moves at this moment"):
            await amended(tmp_path, journal, partial(reviewed, review=True))
        key = keys.uplinks_applied(host)
        await journal.write(partial(_finished, key=key))
    with pytest.raises(Refused, match="no host is left that could move"):
        await amended(tmp_path, journal, partial(reviewed, review=True))


def _finished(connection: Connection, key: str) -> None:
    steps.finish(connection, "R-1", runs.current_epoch(connection, "R-1"), key, {"nics": MOVES})


async def test_the_step_s_page_offers_the_roll_back(journal: Journal) -> None:
    await tried(journal)
    page = journal.read(lambda c: step_detail(c, "R-1", APPLY, pool=pool_of(journal).values()))
    assert [choice.verb for choice in page.choices][:3] == ["approve", "retry", "roll-back"]
    told = next(choice for choice in page.choices if choice.verb == "roll-back")
    assert told.command == "drconsole run uplinks R-1 esx-01 --roll-back"


async def test_what_is_shown_of_a_host_under_review(journal: Journal) -> None:
    await tried(journal)
    found = shown(journal)
    assert (found.state, found.target, found.trial) == ("waiting", "T0", "vmnic0")
    assert (found.trouble, found.remedy) == ("esx-01 to vmnic0?", "say it")
    assert (found.cannot_apply, found.cannot_roll_back) == ("", "")
    assert found.planned == MOVES
    assert found.applied == {}
    assert [(port.name, port.link) for port in found.now] == [(f"vmnic{n}", n != 2) for n in range(4)]
    carried = {switch.name: switch.carries for switch in found.captured}
    assert carried["vSwitch0"] == ("vmk0 management",)


async def test_states_follow_a_host_on_its_way(tmp_path: Path, journal: Journal) -> None:
    seen = [shown(journal).state]
    await begin(journal, TRY)
    seen.append(shown(journal).state)
    await journal.write(
        lambda c: steps.finish(c, "R-1", runs.current_epoch(c, "R-1"), TRY, {"port": "vmnic0"})
    )
    seen.append(shown(journal).state)
    await begin(journal, APPLY)
    seen.append(shown(journal).state)
    await journal.write(lambda c: steps.finish(c, "R-1", runs.current_epoch(c, "R-1"), APPLY, {}))
    await begin(journal, PROVE)
    await journal.write(
        lambda c: steps.finish(c, "R-1", runs.current_epoch(c, "R-1"), PROVE, {"nics": MOVES})
    )
    seen.append(shown(journal).state)
    assert seen == ["pending", "trying", "proved", "moving", "applied"]
    assert shown(journal).applied == MOVES


async def test_a_run_at_rest_shows_its_uplinks_and_takes_no_verb(journal: Journal) -> None:
    await tried(journal)
    await journal.write(lambda c: verbs.cancel(c, "R-1", reason="enough", actor="ann"))
    found = shown(journal)
    assert "ann has cancelled it" in found.cannot_apply
    assert "ann has cancelled it" in found.cannot_roll_back
    assert found.trial == "vmnic0"
