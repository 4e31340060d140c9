"""Plain commands that look: sites, pool, mapping, guests, runs, uplinks, snapshots, reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from drconsole.api import requests
from drconsole.console.plain import telling
from drconsole.console.plain.desk import Desk
from drconsole.console.words import phrases
from drconsole.errors import UsageError

Words = Sequence[str]
_JUST_NOW = timedelta(seconds=10)


async def sites(desk: Desk, words: Words) -> None:
    """All sites; `sites NAME` or a number works on that one"""
    found = await desk.ask(requests.ListSites())
    names = [entry.name for entry in found]
    if words:
        desk.site = await desk.chosen(words, names, "site")
        desk.selection, desk.out = None, set()
        desk.lines.say(f"working on {desk.site}")
        return
    desk.lines.say(
        *telling.some(telling.numbered(telling.site(entry) for entry in found), "site is configured")
    )
    if found:
        desk.lines.say(f"working on {await desk.worked_on()}")


async def targets(desk: Desk, words: Words) -> None:
    """The machines of the pool; `targets NAME` only those that begin so"""
    found = await desk.ask(requests.ListTargets())
    begin = " ".join(words).lower()
    lines = [telling.target(each) for each in found if each.name.lower().startswith(begin)]
    desk.lines.say(phrases.count(len(lines), "target"), *telling.some(lines, "target"))


async def check(desk: Desk, words: Words) -> None:
    """Ask the BMCs what their machines are: `check NAME`, or all of the pool"""
    found = await desk.ask(requests.CheckTargets(names=tuple(words)))
    desk.lines.say(*telling.some([telling.target(each) for each in found], "target"))


async def mapping(desk: Desk, _words: Words) -> None:
    """Which target would take which role, and why"""
    reply = await desk.ask(requests.Match(site=await desk.worked_on()))
    desk.lines.say(*telling.some(telling.mapping(reply), "role"))


async def guests(desk: Desk, words: Words) -> None:
    """The guests, and which are recovered; `vms TEXT` only those whose name contains it"""
    reply = await desk.choose_guests()
    lines = telling.guests(reply, desk.out, " ".join(words))
    desk.lines.say(phrases.count(len(lines), "guest"), *telling.some(lines, "guest"))


async def plan(desk: Desk, _words: Words) -> None:
    """What a drill would do, what would refuse it, and how long it would take"""
    request = requests.PlanRun(site=await desk.worked_on(), selection=desk.wanted())
    desk.lines.say(*telling.plan(await desk.ask(request)))


async def runs(desk: Desk, _words: Words) -> None:
    """All runs, oldest first"""
    found = await desk.ask(requests.ListRuns())
    desk.lines.say(*telling.some(telling.numbered(telling.run_line(run) for run in found), "run yet"))


async def run(desk: Desk, words: Words) -> None:
    """How the run stands; `run ID` or its number looks at another one"""
    if words:
        names = [each.run for each in await desk.ask(requests.ListRuns())]
        desk.run = await desk.chosen(words, names, "run")
    desk.lines.say(*telling.run(await desk.looked_at()))


async def waiting(desk: Desk, _words: Words) -> None:
    """What waits for you, and what to type"""
    desk.lines.say(*(telling.waits(await desk.looked_at()) or ["nothing waits for you"]))


async def step(desk: Desk, words: Words) -> None:
    """All that is known of a step that waits or failed: `step NUMBER`, or its key"""
    view = await desk.looked_at()
    keys = [each.key for each in telling.troubles(view)]
    if not words:
        raise UsageError("which step? `step NUMBER`; `waiting` lists them")
    key = words[0] if "/" in words[0] else await desk.chosen(words, keys, "step")
    desk.lines.say(*telling.step(await desk.ask(requests.ShowStep(run=view.run, step=key))))


async def watch(desk: Desk, words: Words) -> None:
    """Say what happens in the run from now on, `watch all` each step; `stop` ends that, not the run"""
    view = await desk.looked_at()
    desk.lines.say(*telling.run(view)[:1], "watching; you can type meanwhile, `stop` ends it")
    since = (datetime.now(UTC) - _JUST_NOW).isoformat()
    desk.watch(view.run, since=since, whole=list(words) == ["all"])


async def stop(desk: Desk, _words: Words) -> None:
    """Watch no more; the run goes on"""
    desk.lines.say("watching no more; the run goes on" if desk.stop() else "nothing is watched")


async def uplinks(desk: Desk, _words: Words) -> None:
    """The uplinks of the run's hosts: as captured, on the target, planned"""
    view = await desk.looked_at()
    found = await desk.ask(requests.ShowUplinks(run=view.run))
    desk.lines.say(
        *([line for host in found for line in telling.uplinks(host)] or ["no host has uplinks yet"])
    )


async def snapshots(desk: Desk, _words: Words) -> None:
    """The stored snapshots of the site, oldest first"""
    found = await desk.ask(requests.ListSnapshots(site=await desk.worked_on()))
    desk.lines.say(*telling.some([telling.snapshot(entry) for entry in found][-40:], "snapshot yet"))


async def search(desk: Desk, words: Words) -> None:
    """Look for a text in all snapshots: `search web-01`; `search web-01 on 2026-11-17` as it was then"""
    if not words:
        raise UsageError("what is looked for? `search TEXT`, or `search TEXT on DAY`")
    on = words[-1] if len(words) > 2 and words[-2] == "on" else ""
    text = " ".join(words[:-2] if on else words)
    request = requests.SearchSnapshots(text=text, site=await desk.worked_on(), every=not on, on=on)
    hits = await desk.ask(request)
    desk.lines.say(*telling.some([telling.hit(each) for each in hits], f"snapshot holds {text}"))


async def reports(desk: Desk, words: Words) -> None:
    """The report of the run; `reports ID` or a number of another one"""
    if words:
        names = [each.run for each in await desk.ask(requests.ListRuns())]
        desk.run = await desk.chosen(words, names, "run")
    reply = await desk.ask(requests.Report(run=desk.run or "latest"))
    desk.lines.say(*reply.text.splitlines())


async def local(desk: Desk, _words: Words) -> None:
    """Local times, which end with L, or UTC again, with Z"""
    phrases.show_local(not phrases.is_local())
    desk.lines.say("local times, which end with L" if phrases.is_local() else "times are UTC, with Z")
