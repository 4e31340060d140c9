"""Plain commands that change something. Each is confirmed in words before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from drconsole.api import requests
from drconsole.api.values import CommandReply
from drconsole.console.plain import telling
from drconsole.console.plain.desk import Desk
from drconsole.console.words import phrases
from drconsole.errors import UsageError
from drconsole.model.run import RunView, StepView
from drconsole.model.step import Mode

Words = Sequence[str]
_MODES: tuple[tuple[Mode, str], ...] = (
    ("drill", "isolated copies; replication goes on; held until you clean it up"),
    ("disaster", "REAL: the protected site is gone, its machines become production here"),
    ("planned", "REAL: guests are shut down there, synchronised, and start here"),
)


async def capture(desk: Desk, _words: Words) -> None:
    """Capture the site's metadata now, as a new snapshot"""
    site = await desk.worked_on()
    desk.lines.say(f"capturing {site}")
    entry = await desk.ask(requests.Capture(site=site))
    desk.selection = None
    desk.lines.say(f"captured: {telling.snapshot(entry)}")


async def leave(desk: Desk, words: Words) -> None:
    """Leave guests out of the next recovery: `leave NAME`, also with * as in `leave test-*`"""
    await _flag(desk, words, out=True)


async def take(desk: Desk, words: Words) -> None:
    """Take guests in again: `take NAME`, also with *"""
    await _flag(desk, words, out=False)


async def _flag(desk: Desk, words: Words, *, out: bool) -> None:
    if not words:
        raise UsageError("which guests? a name, or one with * such as test-*")
    reply = await desk.choose_guests()
    hits = {
        flag.id
        for flag in reply.selection.virtual_machines
        if any(fnmatchcase(flag.name.lower(), word.lower()) for word in words)
    }
    desk.out = desk.out | hits if out else desk.out - hits
    now = f"{phrases.count(len(desk.out), 'guest')} left out now"
    desk.lines.say(f"{phrases.count(len(hits), 'guest')} {'left out' if out else 'taken in'}; {now}")


async def recover(desk: Desk, _words: Words) -> None:
    """Start a recovery of the site: a drill, or in earnest"""
    site = await desk.worked_on()
    desk.lines.say(f"recover {site}:", *telling.numbered(f"{mode}: {told}" for mode, told in _MODES))
    answer = (await desk.lines.ask("which mode, 1, 2 or 3? ") or "").lower()
    modes: dict[str, Mode] = {str(number): mode for number, (mode, _) in enumerate(_MODES, 1)}
    mode = modes.get(answer) or next((mode for mode, _ in _MODES if mode == answer), None)
    if mode is None:
        desk.lines.say("nothing was started")
        return
    left = f", {phrases.count(len(desk.out), 'guest')} left out" if desk.out else ""
    desk.lines.say(f"with the latest verified snapshot, targets by automatic match, all guests{left}")
    if mode == "drill":
        meant = await _yes(desk, f"this starts a drill of {site}; type yes to start it: ")
    else:
        meant = await _typed(
            desk, site, f"THIS IS REAL, NO DRILL. Type the site's name to start it, {site}: "
        )
    if not meant:
        desk.lines.say("nothing was started")
        return
    request = requests.Recover(
        site=site, mode=mode, selection=desk.wanted(), confirm="" if mode == "drill" else site
    )
    started = await desk.ask(request)
    desk.lines.say(
        f"{started.run} started; it goes on without you. You can type meanwhile, `help` lists what"
    )
    desk.watch(started.run)


async def approve(desk: Desk, words: Words) -> None:
    """Answer a question of the run with yes: `approve`, or `approve NUMBER`"""
    view, found = await _step(desk, words, "waiting")
    if found is None:
        desk.lines.say("no question waits for an answer")
        return
    desk.lines.say(f"{found.key} asks: {found.error}")
    if await _yes(desk, "type yes where that is so: "):
        _took(desk, "answered", await desk.ask(requests.Approve(run=view.run, step=found.key)))
    else:
        desk.lines.say("not answered")


async def retry(desk: Desk, words: Words) -> None:
    """Try failed steps again: all, or `retry NUMBER`"""
    if words:
        view, found = await _step(desk, words, "failed")
        request = requests.Retry(run=view.run, steps=(found.key,) if found else ())
    else:
        view = await desk.looked_at()
        request = requests.Retry(run=view.run, all=True)
    _took(desk, "retrying", await desk.ask(request))


async def skip(desk: Desk, words: Words) -> None:
    """Give a failed step up, with a reason: `skip NUMBER`; what needs it goes with it"""
    view, found = await _step(desk, words, "failed")
    if found is None:
        desk.lines.say("nothing has failed")
        return
    desk.lines.say(f"skip {found.key}: {found.error}", "what needs it is given up with it")
    reason = await desk.lines.ask("why? an empty line skips nothing: ")
    if reason:
        _took(desk, "skipped", await desk.ask(requests.Skip(run=view.run, step=found.key, reason=reason)))
    else:
        desk.lines.say("nothing was skipped")


async def replace(desk: Desk, words: Words) -> None:
    """Give a machine's role to a spare of the pool: `replace TARGET`, or `replace TARGET SPARE`"""
    view = await desk.looked_at()
    if not words:
        raise UsageError("which target? `replace TARGET`; `run` lists the machines")
    spares = await desk.ask(requests.ListSpares(run=view.run, target=words[0]))
    desk.lines.say(*telling.some([f"{s.target}: fit {s.fit}; {s.reason}" for s in spares], "spare"))
    by = words[1] if len(words) > 1 else ""
    if await _yes(desk, f"replace {words[0]} by {by or 'the one that fits best'}? type yes: "):
        _took(desk, "replaced", await desk.ask(requests.Replace(run=view.run, target=words[0], by=by)))
    else:
        desk.lines.say("nothing was replaced")


async def pause(desk: Desk, _words: Words) -> None:
    """Start nothing new in the run; what works ends as it would have"""
    _took(desk, "paused", await desk.ask(requests.Pause(run=(await desk.looked_at()).run)))


async def resume(desk: Desk, _words: Words) -> None:
    """Let a paused run go on"""
    _took(desk, "resumed", await desk.ask(requests.Resume(run=(await desk.looked_at()).run)))


async def cancel(desk: Desk, _words: Words) -> None:
    """End the run: running steps may end, no other starts"""
    view = await desk.looked_at()
    if view.mode == "drill":
        meant = await _yes(desk, f"cancel {view.run}, a drill of {view.site}? type yes: ")
    else:
        meant = await _typed(
            desk, view.site, f"cancel {view.run}, a REAL run? type the site's name, {view.site}: "
        )
    if meant:
        request = requests.Cancel(run=view.run, reason="from the plain console")
        _took(desk, "cancelling", await desk.ask(request))
    else:
        desk.lines.say("nothing was cancelled")


async def cleanup(desk: Desk, _words: Words) -> None:
    """Put a drill's machines and clones back"""
    view = await desk.looked_at()
    desk.lines.say("its guests go off, its clones are dropped, its targets are wiped and go back to the pool")
    if await _yes(desk, f"clean {view.run} up? type yes: "):
        began = datetime.now(UTC).isoformat()
        _took(desk, "cleaning up", await desk.ask(requests.Cleanup(run=view.run)))
        desk.watch(view.run, since=began)
    else:
        desk.lines.say("nothing was cleaned up")


def _took(desk: Desk, word: str, reply: CommandReply) -> None:
    steps = phrases.count(len(reply.steps), "step") if reply.steps else reply.run
    desk.lines.say(f"{word}: {reply.text or steps}")


async def _step(desk: Desk, words: Words, state: str) -> tuple[RunView, StepView | None]:
    """The step that a number stands for, as `waiting` counts them; without one the first of its state."""
    view = await desk.looked_at()
    found = telling.troubles(view)
    if words:
        key = await desk.chosen(words, [each.key for each in found], "step")
        return view, next((each for each in found if each.key == key and each.state == state), None)
    return view, next((each for each in found if each.state == state), None)


async def _yes(desk: Desk, question: str) -> bool:
    return (await desk.lines.ask(question) or "").lower() == "yes"


async def _typed(desk: Desk, name: str, question: str) -> bool:
    return await desk.lines.ask(question) == name
