"""A customer's steps find their place in a plan, or are refused by name."""

from __future__ import annotations

import pytest

from drconsole.errors import Refused
from drconsole.model.custom import CustomStep
from drconsole.model.step import Step
from drconsole.planning import graph, keys
from drconsole.planning.custom import nothing_named, place, preceded
from drconsole.planning.references import matching, read
from tests.unit.runs.plans import step

FREEZE = keys.PREFLIGHT


def plan() -> tuple[Step, ...]:
    """A small recovery: two machines, the barrier, one host imported, two guests."""
    return (
        step("preflight/run/readiness"),
        step(FREEZE, "preflight/run/readiness"),
        step("halt/a1%2Fg1/halt", FREEZE, object="a1/g1"),
        step("provision/esx-01/ready", FREEZE, "halt/a1%2Fg1/halt"),
        step("provision/esx-02/ready", FREEZE, "halt/a1%2Fg1/halt"),
        step("uplinks/esx-01/prove", "provision/esx-01/ready"),
        step(keys.BARRIER, "provision/esx-02/ready", "uplinks/esx-01/prove"),
        step("import/esx-01/add-host", keys.BARRIER),
        step("guests/vm-1/register", "import/esx-01/add-host", object="web 01"),
        step("guests/vm-1/power-on", "guests/vm-1/register", object="web 01"),
        step("guests/vm-2/register", "import/esx-01/add-host", object="db-01"),
        step(keys.CAPTURED, optional=("guests/vm-1/power-on", "guests/vm-2/register")),
        step(keys.REPORTED, keys.CAPTURED),
    )


def prompt(name: str, *, after: tuple[str, ...] = (), before: tuple[str, ...] = ()) -> CustomStep:
    return CustomStep(name=name, prompt=f"{name}?", after=after, before=before)


def placed(*own: CustomStep) -> dict[str, Step]:
    return {s.key: s for s in graph.join(place(own, "pittsburgh", "drill", plan()))}


def named(text: str) -> tuple[str, ...]:
    return matching(read(text), plan())


def test_references_name_stages_objects_and_steps() -> None:
    assert named("uplinks") == ("uplinks/esx-01/prove",)
    assert named("provision/*/ready") == ("provision/esx-01/ready", "provision/esx-02/ready")
    assert named("guests/vm-1") == ("guests/vm-1/register", "guests/vm-1/power-on")
    assert named("guests/web 01/register") == ("guests/vm-1/register",)
    assert named("*/esx-0?/*o*") == ("uplinks/esx-01/prove", "import/esx-01/add-host")
    assert named("halt/a1%2Fg1") == ("halt/a1%2Fg1/halt",)
    assert named("guests/web.01") == ()


def test_after_a_stage_is_after_all_of_its_steps() -> None:
    made = placed(prompt("cabling", after=("provision",)))["provision/cabling/prompt"]
    assert made.stage == "provision"
    assert made.optional_needs == ("provision/esx-01/ready", "provision/esx-02/ready")
    assert made.needs == (FREEZE,)
    assert made.arguments["prompt"] == "cabling?"


def test_what_it_stands_before_waits_for_it_and_lets_go_when_it_is_skipped() -> None:
    steps = placed(prompt("fence", after=("uplinks",), before=("storage", "guests/db-01")))
    key = "uplinks/fence/prompt"
    assert steps[keys.BARRIER].optional_needs == (key,)
    assert steps["guests/vm-2/register"].optional_needs == (key,)
    assert key not in steps["guests/vm-1/register"].optional_needs


def test_a_step_that_is_only_before_something_stands_at_its_door() -> None:
    made = placed(prompt("quiet", before=("storage",)))["storage/quiet/prompt"]
    assert made.optional_needs == ("provision/esx-02/ready", "uplinks/esx-01/prove")


def test_what_it_needs_must_be_done() -> None:
    own = CustomStep(name="dns", needs=("guests/vm-1/power-on",), program=("/bin/dns",), critical=False)
    made = placed(own)["guests/dns/program"]
    assert made.needs == ("guests/vm-1/power-on", FREEZE)
    assert not made.critical
    assert graph.dependants(placed(own).values(), "guests/vm-1/register") >= {made.key}


def test_the_look_at_the_recovered_site_waits_for_what_came_before() -> None:
    steps = placed(prompt("a", after=("guests",)), prompt("b", after=("verify",)))
    assert "guests/a/prompt" in steps[keys.CAPTURED].optional_needs
    assert "verify/b/prompt" not in steps[keys.CAPTURED].optional_needs
    assert steps["verify/b/prompt"].optional_needs == (keys.CAPTURED, keys.REPORTED)


def test_steps_of_the_customers_follow_each_other_by_name() -> None:
    steps = placed(
        prompt("third", after=("second",)),
        prompt("second", after=("first",), before=("third",)),
        prompt("first", before=("second", "guests"), after=("import",)),
    )
    first, second, third = (f"import/{name}/prompt" for name in ("first", "second", "third"))
    assert steps[second].optional_needs == (first,)
    assert steps[third].optional_needs == (second,)


def test_a_stage_does_not_hold_other_steps_of_the_customers() -> None:
    """Else two that come after one stage would wait for each other."""
    steps = placed(prompt("a", after=("import",)), prompt("b", after=("import",)))
    assert steps["import/b/prompt"].optional_needs == ("import/esx-01/add-host",)


def test_preflights_own_may_come_before_the_plan_is_frozen() -> None:
    steps = placed(prompt("board", before=(FREEZE,)))
    made = steps["preflight/board/prompt"]
    assert FREEZE not in made.needs
    assert steps[FREEZE].optional_needs == (made.key,)


def test_one_that_would_break_the_stages_order_is_refused_by_name() -> None:
    own = prompt("wrong", after=("guests/web 01",), before=("provision/esx-01",))
    with pytest.raises(Refused, match=r"after guests .*web 01.* before provision .*esx-01") as caught:
        placed(own)
    assert caught.value.about == "[[step]] wrong"
    assert "preflight, halt, map" in caught.value.message


def test_a_chain_cannot_break_the_order_either() -> None:
    with pytest.raises(Refused, match="after guests"):
        placed(prompt("a", after=("guests",)), prompt("b", after=("a",), before=("storage",)))


def test_a_circle_through_the_plan_is_refused_with_its_steps() -> None:
    own = prompt("loop", after=("guests/vm-1/power-on",), before=("guests/vm-1/register",))
    with pytest.raises(Refused, match=r"wait for each other: .*guests/loop/prompt"):
        placed(own)


def test_a_step_of_another_mode_or_site_is_no_part_of_the_plan_and_nothing_to_wait_for() -> None:
    real = CustomStep(name="real", after=("import",), prompt="?", modes=("disaster",))
    other = CustomStep(name="other", after=("import",), prompt="?", sites=("boston",))
    steps = placed(real, other, prompt("mine", after=("real", "other", "uplinks")))
    assert "import/real/prompt" not in steps
    assert "import/other/prompt" not in steps
    assert steps["uplinks/mine/prompt"].optional_needs == ("uplinks/esx-01/prove",)


def test_what_names_nothing_is_left_out_and_told() -> None:
    own = prompt("gone", after=("guests/mail-01", "guests"))
    assert nothing_named([own], plan()) == {"gone": "guests/mail-01"}
    assert "guests/gone/prompt" not in placed(own)


def test_an_extensions_step_may_hold_others_up() -> None:
    steps = preceded(
        (*plan(), step("import/bank/tell", FREEZE)), "import/bank/tell", ("guests", "import/bank")
    )
    waiting = [s.key for s in steps if "import/bank/tell" in s.optional_needs]
    assert waiting == ["guests/vm-1/register", "guests/vm-1/power-on", "guests/vm-2/register"]
    with pytest.raises(Refused, match="no stage"):
        preceded(steps, "import/bank/tell", ("nowhere/x",))
