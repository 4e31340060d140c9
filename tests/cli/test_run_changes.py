"""What the words of `run flags` mean, and how a step's page reads."""

from __future__ import annotations

import pytest

from drconsole.api.values import Attempt, Choice, GuestDeploy, RoleDeploy, RunFlags, StepDetail
from drconsole.cli.run_changes import named
from drconsole.cli.run_step import lines
from drconsole.errors import UnknownName

FLAGS = RunFlags(
    run="R-1",
    guests=(
        GuestDeploy(id="vm-1", name="web-01", deploy=True),
        GuestDeploy(id="vm-2", name="web-02", deploy=True),
        GuestDeploy(id="vm-3", name="web-02", deploy=True),
        GuestDeploy(id="vm-4", name="web-vc", deploy=False, why="it is the management server"),
        GuestDeploy(id="vm-5", name="odd[1]", deploy=True),
    ),
    hosts=(
        RoleDeploy(kind="host", id="host-1", name="esx-01", deploy=True, target="E"),
        RoleDeploy(kind="physical", id="db-01", name="db-01", deploy=True, target="S"),
    ),
)


@pytest.mark.parametrize(
    ("word", "guests", "hosts"),
    [
        ("web-01", ["vm-1"], []),
        ("vm-3", ["vm-3"], []),
        ("web-*", ["vm-1", "vm-2", "vm-3"], []),
        ("odd[1]", ["vm-5"], []),
        ("esx-01", [], ["host-1"]),
        ("host-1", [], ["host-1"]),
        ("db-01", [], ["db-01"]),
    ],
)
def test_names_ids_and_patterns(word: str, guests: list[str], hosts: list[str]) -> None:
    """A pattern takes what can be recovered; a name is never taken for a pattern first."""
    assert named(FLAGS, [word], True) == (dict.fromkeys(guests, True), dict.fromkeys(hosts, True))


def test_what_several_are_called_is_named_by_id() -> None:
    with pytest.raises(UnknownName, match="could be guest vm-2 or guest vm-3") as ambiguous:
        named(FLAGS, ["web-02"], False)
    assert "by its id" in ambiguous.value.remedy


def test_what_nobody_is_called_is_said() -> None:
    with pytest.raises(UnknownName, match="no guest, host or physical server"):
        named(FLAGS, ["mail-*"], True)


def test_a_page_says_what_was_tried_seen_and_what_can_be_typed() -> None:
    detail = StepDetail(
        run="R-1",
        key="provision/esx-01/install",
        title="Install esx-01",
        object="esx-01",
        machine="E",
        state="failed",
        attempts=2,
        error="disk error",
        remedy="",
        needs=(),
        stops=(),
        verbs=("retry",),
        attempted=(
            Attempt(number=1, started="2026-11-22T14:00:00Z", epoch=1),
            Attempt(number=2, started="2026-11-22T14:01:00Z", epoch=2, end="failed", error="disk error"),
        ),
        observed="not so yet",
        choices=(
            Choice(verb="retry", command="drconsole run retry R-1 a/b/c", effect="looks again"),
            Choice(verb="replace", command="", effect="", refused="no spare fits"),
            Choice(verb="skip", command="drconsole run skip R-1", effect="gives up", guests=tuple("abcdefg")),
        ),
    )
    told = "\n".join(lines(detail))
    assert "1. 2026-11-22T14:00:00Z (runner 1)  its end was not seen" in told
    assert "(runner 2)  failed: disk error" in told
    assert "not so yet" in told
    assert "  drconsole run retry R-1 a/b/c\n      looks again" in told
    assert "replace: not now: no spare fits" in told
    assert "not recovered then: a, b, c, d, e and 2 more" in told
