"""A walkthrough: what happens in a run, in sentences of the operator's language. Pure.

A sentence for each stage, mode and state, with the run's own facts; what stands still says who is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from drconsole.console.known.run_steps import StepIndex
from drconsole.console.words import phrases
from drconsole.model.run import RunView, StageView, StepState
from drconsole.model.step import Mode, Stage

_ANY = "any"
_SETTLED = ("done", "skipped")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What sentences tell of a run."""

    site: str
    mode: Mode
    groups: int = 0
    machines: int = 0
    hosts: int = 0
    ready: int = 0
    guests: int = 0
    registered: int = 0
    running: int = 0
    rpo: str = "–"
    rto: str = "–"
    matched: int = 0
    compared: int = 0
    lost: int = 0
    trouble: str = ""
    troubles: int = 0


During = str
After = str
_SENTENCES: dict[str, dict[str, tuple[During, After]]] = {
    "preflight": {
        "drill": (
            "Before anything is touched: is all there, what can be recovered, which {machines} take it?",
            "Nothing has been touched yet: {machines} are reserved, and the plan is frozen.",
        ),
        "planned": (
            "Before anything is touched: what runs at {site} now, what can move, which {machines} take it?",
            "Nothing has been touched yet: {machines} are reserved, and the plan of the move is frozen.",
        ),
        "disaster": (
            "{site} is asked once whether it still answers; then {machines} are reserved.",
            "Nothing has been touched yet: {machines} are reserved; {site} is not asked again.",
        ),
    },
    "halt": {
        "drill": (
            "{groups} are cloned at one point in time; replication of {site} goes on.",
            "From here on the drill has clones of {groups}, {rpo} old: {site} goes on and notices nothing.",
        ),
        "planned": (
            "Guests at {site} are shut down in order; their last writes come over, then replication halts.",
            "Replication is halted and {site} cannot write any more: nothing is lost; {groups}, RPO {rpo}.",
        ),
        "disaster": (
            "Replication of {groups} is being halted: what has arrived by now is what we have.",
            "Replication is halted: from now on nothing written at {site} arrives here; {groups}, RPO {rpo}.",
        ),
    },
    "map": {
        _ANY: (
            "The reserved machines become this run's, each for the role that it takes over.",
            "Every role has its machine: {machines} are leased to this run and to no other.",
        ),
    },
    "provision": {
        _ANY: (
            "Bare machines boot from the network and are installed, all at once: {ready} of {total} answer.",
            "{machines} are installed and answer, {hosts} among them.",
        ),
    },
    "uplinks": {
        _ANY: (
            "Each host's ports are tried before they are trusted: the management server must reach it.",
            "{hosts} are reached at the addresses that they were captured with.",
        ),
    },
    "storage": {
        "drill": (
            "Last look before storage is connected; then the clones are presented to the new hosts.",
            "The new hosts see the clones of {groups}; the replicas themselves are not touched.",
        ),
        "planned": (
            "Last look before storage is connected; then the replicas here become the ones that are written.",
            "The replicas of {groups} are promoted: this side is written to now, {site} is not.",
        ),
        "disaster": (
            "Last look before storage is connected; then the replicas here become the ones that are written.",
            "The replicas of {groups} are promoted: this side is written to now.",
        ),
    },
    "import": {
        _ANY: (
            "Clusters, networks, pools and datastores are made as they were captured; the hosts join.",
            "The inventory stands as {site} had it; what is missing are the guests.",
        ),
    },
    "guests": {
        "drill": (
            "Guests are registered and started in order, on isolated networks: {registered} of {guests}.",
            "{registered} of {guests} guests are registered; {running} run, cut off from real networks.",
        ),
        "planned": (
            "Guests are registered and started in their order: {registered} of {guests} are here.",
            "{registered} of {guests} guests are registered and {running} run: they have moved.",
        ),
        "disaster": (
            "Guests are registered and started in their order: {registered} of {guests} are back.",
            "{registered} of {guests} guests are registered and {running} run again.",
        ),
    },
    "verify": {
        _ANY: (
            "What was recovered is captured and compared with the snapshot, value by value.",
            "{matched} of {compared} values are as captured, {lost} are lost; recovered in {rto}.",
        ),
    },
}
"""Stage → mode → what is said while it goes on, and when it is done."""

_STANDS: dict[StepState, str] = {
    "pending": "Next: {stage}.",
    "waiting": "{stage} waits for a person's word: {trouble}",
    "failed": "{stage} stands still at {troubles}: {trouble} What does not need it goes on; you decide.",
    "skipped": "{stage}: nothing of it was left to do.",
    "cancelled": "{stage} was called off where it stood.",
    "paused": "{stage} is paused: what works ends, nothing new starts.",
}
_MODES: dict[Mode, str] = {
    "drill": "a drill: a recovery of {site} on clones, which {site} does not notice",
    "planned": "a planned move: {site} is shut down there and started here",
    "disaster": "a recovery in earnest: {site} is gone, and is built anew here",
}
_ENDS: dict[tuple[str, Mode], str] = {
    (
        "held",
        "drill",
    ): "The drill is complete in {rto} and held for its audience: {running} guests run. Cleanup "
    "puts all of it back.",
    ("held", "planned"): "{site} runs here now, in {rto}; some things were given up: the report names them.",
    (
        "held",
        "disaster",
    ): "{site} runs here again, in {rto}; some things were given up: the report names them.",
    (
        "done",
        "drill",
    ): "The drill is over: its guests are gone, its clones dropped, its machines wiped and free.",
    ("done", "planned"): "{site} has moved here in {rto}: {registered} of {guests} guests, nothing given up.",
    ("done", "disaster"): "{site} runs here again after {rto}: {registered} of {guests} guests.",
}
_ENDED = {
    "failed": "The run has failed: {trouble} What it left standing is listed.",
    "cancelled": "The run was cancelled; what it left in the world is listed.",
}
_CLEANUP: dict[StepState, str] = {
    "pending": "The cleanup is about to begin.",
    "running": "Cleaning up: guests go off, clones are dropped, machines are wiped and given back.",
    "waiting": "The cleanup waits for a person's word: {trouble}",
    "failed": "The cleanup stands still: {trouble} What it holds is not given back before that.",
    "paused": "The cleanup is paused.",
}


def stage_sentence(stage: Stage | str, state: StepState, facts: Facts) -> str:
    """Returns what is said of a stage in a state."""
    of_mode = _SENTENCES[stage]
    during, after = of_mode.get(facts.mode) or of_mode[_ANY]
    if state in ("running", "done", "held"):
        return _filled(during if state == "running" else after, facts)
    return _filled(_STANDS[state], facts, stage=stage.capitalize())


def sentences(view: RunView, steps: StepIndex) -> tuple[str, ...]:
    """Returns what is to be said of a run now: what was completed last, then what goes on or stands still."""
    facts = facts_of(view, steps)
    if (over := _over(view, facts)) is not None:
        return (over,)
    found: list[str] = []
    if view.runner is not None and view.runner.lost:
        found.append("The process that carried the run is gone; another one takes over where it stood.")
    if view.pre_empted_by:
        found.append(f"{view.pre_empted_by} is in earnest and takes what it needs: this drill ends early.")
    if view.state == "paused":
        found.append(f"Paused by {view.paused_by or 'an operator'}: what works ends, nothing new starts.")
    done = [stage for stage in view.stages if stage.state in _SETTLED and stage.steps]
    if now := _current(view):
        found += [stage_sentence(done[-1].name, "done", facts)] if done else []
        return (*found, stage_sentence(now.name, now.state, facts))
    if done:
        return (*found, stage_sentence(done[-1].name, "done", facts))
    return (*found, _filled(f"This is {_MODES[view.mode]}.", facts))


def _current(view: RunView) -> StageView | None:
    """The stage to tell of: one that needs a person, else the first that has begun and is not over."""
    for words in (("waiting", "failed"), ("running",)):
        for stage in view.stages:
            if stage.state in words:
                return stage
    return None


def _over(view: RunView, facts: Facts) -> str | None:
    """What is said of a run that rests, or is cleaned up; None for one that goes on."""
    cleanup = view.cleanup
    if cleanup is not None and cleanup.state in _CLEANUP:
        trouble = next((step.error or step.key for step in cleanup.trouble), "")
        return _filled(_CLEANUP[cleanup.state], msgspec.structs.replace(facts, trouble=_ended(trouble)))
    if (view.state, view.mode) in _ENDS:
        return _filled(_ENDS[view.state, view.mode], facts)
    if view.state == "cancelled" and cleanup is not None:
        return "The run was cancelled, and what it had is put back."
    return _filled(_ENDED[view.state], facts) if view.state in _ENDED else None


def facts_of(view: RunView, steps: StepIndex) -> Facts:
    """Returns what sentences tell of a run, as it stands."""
    roles = [machine for machine in view.machines if machine.role != "former"]
    wanted = [guest for guest in view.guests if guest.state not in ("not-selected", "not-recoverable")]
    asking = steps.in_state("waiting") or steps.in_state("failed")
    fidelity = view.fidelity
    return Facts(
        site=view.site,
        mode=view.mode,
        groups=sum(key.startswith("halt/") and key.endswith("/halt") for key in steps),
        machines=len(roles),
        hosts=sum(machine.role == "host" for machine in roles),
        ready=sum(
            key.startswith("provision/") and key.endswith("/ready") and step.state == "done"
            for key, step in steps.items()
        ),
        guests=len(wanted),
        registered=sum(guest.state == "registered" for guest in wanted),
        running=sum(guest.power == "on" for guest in wanted),
        rpo=phrases.minutes(view.rpo_s) if view.rpo_s is not None else "–",
        rto=phrases.span(view.rto_s if view.rto_s is not None else view.elapsed_s),
        matched=fidelity.matched if fidelity else 0,
        compared=fidelity.total if fidelity else 0,
        lost=sum(d.klass == "lost" for d in fidelity.differences) if fidelity else 0,
        trouble=_ended(asking[0].error or asking[0].key) if asking else "",
        troubles=len(asking),
    )


def _ended(text: str) -> str:
    """A device's words as a sentence."""
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def _filled(sentence: str, facts: Facts, **more: str) -> str:
    words: Mapping[str, object] = {
        **msgspec.structs.asdict(facts),
        "total": facts.machines,
        "groups": phrases.count(facts.groups, "group"),
        "machines": phrases.count(facts.machines, "machine"),
        "hosts": phrases.count(facts.hosts, "host"),
        "troubles": phrases.count(facts.troubles, "step"),
        **more,
    }
    return sentence.format_map(words)
