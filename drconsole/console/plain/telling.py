"""What the plain console says of things: lines of words, a thing a line, its state before anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from drconsole.api.uplinks import HostUplinks
from drconsole.api.values import MatchReply, SearchHit, SelectionReply, SiteEntry, SnapshotEntry, StepDetail
from drconsole.console.known.run_steps import StepIndex
from drconsole.console.known.walkthrough import sentences
from drconsole.console.words import phrases
from drconsole.model.plan import PlanReport
from drconsole.model.run import RunSummary, RunView, StepView
from drconsole.model.target import Target

_LISTED = 40
"""Rows of a list that are told without being asked for more."""


def some(lines: Sequence[str], noun: str) -> list[str]:
    """Returns the first lines of a list, and how many more there are."""
    more = len(lines) - _LISTED
    return [*lines[:_LISTED], *([f"and {more} more; add a part of the name"] if more > 0 else [])] or [
        f"no {noun}"
    ]


def numbered(lines: Iterable[str]) -> list[str]:
    """Returns lines with numbers, to be chosen by."""
    return [f"{number}. {line}" for number, line in enumerate(lines, 1)]


def site(entry: SiteEntry) -> str:
    """A site: how old what is known of it is, and its newest snapshot."""
    age = phrases.age(entry.age_s)
    live = f"live, seen {age} ago" if entry.live == "live" else f"{entry.live}, last seen {age}"
    if entry.age_s is None:
        live = entry.live
    if entry.snapshot is None:
        return f"{entry.name}: {live}; no snapshot yet, `capture` takes one"
    good = "verified" if entry.snapshot.verified else "not verified"
    return f"{entry.name}: {live}; last snapshot {phrases.when(entry.snapshot.taken)}, {good}"


def target(found: Target) -> str:
    """A machine of the pool."""
    size = ""
    if found.hardware is not None:
        links = sum(nic.link is True for nic in found.hardware.nics)
        size = f", {found.hardware.cpu_cores} cores, {phrases.gib(found.hardware.memory_mib)} GiB"
        size += f", {links} of {len(found.hardware.nics)} NICs with link"
    role = f" as {found.role} of {found.run}" if found.run else ""
    checked = f", checked {phrases.when(found.checked)}" if found.checked else ", never checked"
    return f"{found.name}: {found.state}{role}, {found.segment}{size}{checked}" + (
        f"; {found.error}" if found.error else ""
    )


def mapping(reply: MatchReply) -> list[str]:
    """Which target takes which role, and why."""
    return [
        f"{match.role} {match.name}: {match.target or 'no target'}, fit {match.fit}; {match.reason}"
        for match in reply.matches
    ]


def guests(reply: SelectionReply, out: set[str], wanted: str = "") -> list[str]:
    """Each guest: whether it is recovered, and why not."""
    verdicts = {verdict.id: verdict for verdict in reply.verdicts}
    lines = []
    for flag in reply.selection.virtual_machines:
        if wanted.lower() not in flag.name.lower():
            continue
        verdict = verdicts.get(flag.id)
        why = "; ".join(verdict.reasons) if verdict else ""
        taken = "left out" if flag.id in out or not flag.deploy else "recovered"
        lines.append(f"{flag.name}: {taken}" + (f"; {why}" if why else ""))
    listed = {flag.id for flag in reply.selection.virtual_machines}
    for verdict in reply.verdicts:
        if verdict.id not in listed and wanted.lower() in verdict.name.lower():
            lines.append(f"{verdict.name}: cannot be recovered; {'; '.join(verdict.reasons)}")
    return lines


def plan(report: PlanReport) -> list[str]:
    """What would refuse a run, and how long it would take."""
    lines = ["ready" if report.ready else "not ready: this would be refused"]
    for finding in sorted(report.findings, key=lambda finding: not finding.blocks):
        word = "blocks" if finding.blocks else "note"
        lines.append(
            f"{word}: {finding.subject}: {finding.text}" + (f"; {finding.remedy}" if finding.remedy else "")
        )
    lines.append(phrases.count(report.steps, "step"))
    if report.estimate is not None:
        lines.append(f"estimate {phrases.minutes(report.estimate.seconds)}, {report.estimate.basis}")
    return lines


def run_line(run: RunSummary) -> str:
    """A run in a list."""
    mode = "drill" if run.mode == "drill" else f"REAL {run.mode}"
    return f"{run.run}: {mode} of {run.site}, {run.state}, started {phrases.when(run.started or '')}"


def walk(view: RunView) -> list[str]:
    """What happens in a run now, in sentences, as a walkthrough says it."""
    steps = StepIndex()
    steps.become(view.steps)
    return list(sentences(view, steps))


def run(view: RunView) -> list[str]:
    """How a run stands."""
    mode = "drill" if view.mode == "drill" else f"REAL RUN, {view.mode},"
    lines = [f"{view.run}: {mode} of {view.site} is {view.state}, {phrases.span(view.elapsed_s)} elapsed"]
    lines += walk(view)
    for stage in view.stages:
        failed = f", {stage.failed} failed" if stage.failed else ""
        lines.append(f"stage {stage.name}: {stage.state}, {stage.done} of {stage.steps} steps done{failed}")
    for machine in view.machines:
        told = [machine.state, machine.phase]
        told += [f"{machine.fraction:.0%}"] if machine.fraction is not None else []
        told += [machine.note]
        words = ", ".join(word for word in told if word)
        lines.append(f"machine {machine.target}: {machine.role} {machine.protected}, {words}")
    counts = Counter(guest.state for guest in view.guests)
    lines.append("guests: " + (", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "none"))
    if view.rto_s is not None:
        rpo = f", RPO {phrases.span(view.rpo_s)}" if view.rpo_s is not None else ""
        lines.append(f"RTO {phrases.span(view.rto_s)}{rpo}")
    if view.fidelity is not None:
        lines.append(f"fidelity: {view.fidelity.matched} of {view.fidelity.total} values are as captured")
    if view.cleanup is not None:
        lines.append(f"cleanup {view.cleanup.state}")
    lines += [
        f"left standing: {each.kind} {each.name} is {each.state}; {each.remedy}" for each in view.standing
    ]
    return [*lines, *waits(view)]


def troubles(view: RunView) -> list[StepView]:
    """Returns the steps that wait for an operator: those that ask first, then those that failed."""
    cleaning = view.cleanup is not None and view.cleanup.state in ("waiting", "running", "pending")
    steps = (*(view.cleanup.trouble if view.cleanup and cleaning else ()), *view.steps)
    asking = [step for step in steps if step.state == "waiting"]
    return [*asking, *(step for step in steps if step.state == "failed")]


def waits(view: RunView) -> list[str]:
    """What waits for an operator, and what to type."""
    found = troubles(view)
    if not found:
        return []
    lines = [f"waiting for you: {len(found)}"]
    for number, step in enumerate(found, 1):
        if step.state == "waiting":
            lines.append(f"{number}. question of {step.key}: {step.error}; `approve` answers yes")
        else:
            lines.append(f"{number}. failed {step.key}: {step.error}; `step {number}` tells all")
    if any(step.state == "failed" for step in found):
        lines.append("`retry`, `retry NUMBER`, `skip NUMBER`, `replace TARGET`")
    return lines


def step(detail: StepDetail) -> list[str]:
    """All that is known of one step."""
    about = detail.object + (f" on {detail.machine}" if detail.machine else "")
    lines = [f"{detail.key} is {detail.state}: {detail.title}" + (f", {about}" if about else "")]
    for each in detail.attempted:
        how = each.end or "its end was not seen"
        lines.append(
            f"attempt {each.number}, {phrases.seconds_clock(each.started)}: {how} {each.error}".rstrip()
        )
    lines += [f"error: {detail.error}"] if detail.error else []
    lines += [f"said: {line}" for line in detail.said]
    lines += [f"seen after: {detail.observed}"] if detail.observed else []
    lines += [f"what to do: {detail.remedy}"] if detail.remedy else []
    for choice in detail.choices:
        lines.append(
            f"you can {choice.verb}: {choice.effect if not choice.refused else f'not now, {choice.refused}'}"
        )
    return lines


def uplinks(host: HostUplinks) -> list[str]:
    """A host's uplinks: as captured, on the target, planned."""
    lines = [f"host {host.host} on {host.target}: {host.state}"]
    for switch in host.captured:
        carries = f", carries {', '.join(switch.carries)}" if switch.carries else ""
        lines.append(f"captured: {switch.name} over {', '.join(switch.nics) or 'no NIC'}{carries}")
    for port in host.now:
        link = f"link {phrases.speed(port.speed_mbit)}" if port.link else "no link"
        lines.append(f"now: {port.name} {link.strip()}{', it booted this machine' if port.booted else ''}")
    for nic, other in host.planned.items():
        why = f"; {host.why[nic]}" if nic in host.why else ""
        done = ", applied" if host.applied.get(nic) == other else ""
        lines.append(f"planned: {nic} becomes {other}{done}{why}")
    if host.trouble:
        lines.append(f"waits: {host.trouble}" + (f"; {host.remedy}" if host.remedy else ""))
    return lines


def hit(found: SearchHit) -> str:
    """What a search found, and where it stood then."""
    where = f", in {found.where}" if found.where else ""
    field = found.field.rpartition("/")[2]
    value = "" if field == "name" else f", {field} {found.value}"
    kind = "guest" if found.kind == "virtualMachine" else found.kind
    return f"{phrases.when(found.taken)} {kind} {found.name}{value}{where}"


def snapshot(entry: SnapshotEntry) -> str:
    """A stored snapshot."""
    size = f"{phrases.count(entry.hosts, 'host')}, {phrases.count(entry.guests, 'guest')}"
    good = "verified" if entry.verified else "not verified" if entry.consistent else "inconsistent"
    return f"{phrases.short(entry.id)}: {entry.site}, {phrases.when(entry.taken)}, {size}, {good}"
