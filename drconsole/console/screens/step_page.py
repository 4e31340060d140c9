"""What do I do now: a step with what was tried, said and seen, and a key for each verb that applies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.binding import Binding

from drconsole.api.values import Attempt, Choice, StepDetail
from drconsole.console.known.following import Following
from drconsole.console.screens.dialogs import Dialog
from drconsole.console.style.look import Line, Span, mark
from drconsole.console.widgets.drawing import prose
from drconsole.console.words import phrases
from drconsole.model.step import Facts

KEYS = {"retry": "k", "approve": "a", "skip": "s", "replace": "x", "cancel": "X"}
"""Verb → its key on the page: the one that it has on the Run screen."""

NARROWEST = 68
_WIDEST = 100
_NAMED = 4
"""So many guests of a choice are named; the others are counted."""

_OBJECTS = 5
"""So many objects are named whose steps a choice gives up or does again; the others are counted."""

_SHOWN = 8
"""So many values of a step's result, and of what it was told, are shown."""


class StepPage(Dialog[str]):
    """Shows a step. A verb's key leaves with the verb, which then asks what it has to ask."""

    BINDINGS = [
        Binding("enter,q,space", "give_up", show=False),
        *(Binding(key, f"say('{verb}')", show=False) for verb, key in KEYS.items()),
    ]
    wide = True

    def __init__(self, step: StepDetail, width: int = NARROWEST) -> None:
        self._verbs = {choice.verb for choice in step.choices if not choice.refused}
        hint: list[Span] = []
        for verb, key in KEYS.items():
            if verb in self._verbs:
                hint += [(key, "key"), (f" {verb}  ", "text")]
        super().__init__(step.key, step_lines(step, width), [*hint, ("enter", "key"), (" back", "dim")])

    def action_say(self, verb: str) -> None:
        """Takes a verb, if it applies."""
        if verb in self._verbs:
            self.dismiss(verb)


def step_then(following: Following, key: str) -> StepDetail | None:
    """Returns what a replay knows of a step at its moment: how it stood, and what had been said of it."""
    step = following.steps.get(key)
    if step is None:
        return None
    said = [event for event in following.log if event.step == key]
    lines = [f"{event.at} {event.facts.get('state', '')} {event.text}" for event in said]
    return StepDetail(
        run=following.run,
        key=key,
        title=key,
        object="",
        machine="",
        state=step.state,
        attempts=step.attempts,
        error=step.error or "",
        remedy="",
        needs=(),
        stops=(),
        verbs=(),
        said=tuple(lines),
    )


def page_width(screen: int) -> int:
    """Returns how wide a page's lines are on a screen of so many columns."""
    return max(NARROWEST, min(_WIDEST, screen - 14))


def step_lines(step: StepDetail, width: int = NARROWEST) -> list[Line]:
    """Returns the page: what went wrong and what was seen, what each verb would change, then the past."""
    glyph, role = mark(step.state)
    about = f" · {step.object}" if step.object and step.object not in step.title else ""
    title = prose(f"{step.title or step.key}{about}", "title", width - len(step.state) - 4)
    lines: list[Line] = [[(f"{glyph} {step.state}  ", role), *title[0]], *title[1:]]
    if step.machine:
        lines.append([("on         ", "dim"), (step.machine, "text")])
    asks = step.state == "waiting"
    lines += _told("asks       " if asks else "said       ", step.error, "warn" if asks else "bad", width)
    lines += _told("seen after ", step.observed, "warn", width)
    if not step.choices:
        lines += _told("remedy     ", step.remedy, "text", width)
        if step.state in ("failed", "waiting"):
            lines.append([("           nothing can be done about it from here", "dim")])
    lines += _part("what now", [line for choice in step.choices for line in choice_lines(choice, width)])
    lines += _part("attempted", [line for each in step.attempted for line in _attempt(each, width)])
    lines += _part("log", [line for text in step.said for line in prose(text, "dim", width)])
    if not (step.stops or step.needs or step.result or step.arguments):
        return lines  # a replay knows no more of it
    stops = phrases.count(len(step.stops), "step") if step.stops else "nothing"
    lines += [[], [("needed by ", "dim"), (stops, "text"), ("  needs ", "dim"), (_needs(step), "text")]]
    lines += _part("found", _values(step.result, width))
    return lines + _part("was told", _values(step.arguments, width))


def _values(facts: Facts, width: int) -> list[Line]:
    """Names and values; the first line of what is long, an output such as a program's by its end."""
    lines: list[Line] = []
    for name, value in list(facts.items())[:_SHOWN]:
        text = str(value) if not isinstance(value, str) or name != "output" else value[-4 * width :]
        if text:
            lines += _told(f"{name}  ", text, "text", width)[:6]
    return lines


def _told(title: str, text: str, role: str, width: int) -> list[Line]:
    """A word, and beside it what there is to say; nothing where there is nothing."""
    if not text:
        return []
    first, *rest = prose(text, role, width - len(title))
    return [[(title, "dim"), *first], *([(" " * len(title), "text"), *line] for line in rest)]


def _part(title: str, lines: list[Line]) -> list[Line]:
    return [[], [(title, "dim")], *([("  ", "text"), *line] for line in lines)] if lines else []


def _attempt(each: Attempt, width: int) -> Iterator[Line]:
    glyph, role = mark(each.end or "running")
    times = phrases.seconds_clock(each.started)
    times += f" – {phrases.seconds_clock(each.ended)}" if each.ended else ""
    end = each.end or "its end was not seen"
    yield [
        (f"{each.number}  {times}  ", "text"),
        (f"{glyph} {end}", role),
        (f"  runner {each.epoch}", "dim"),
    ]
    if each.error:
        yield from ([("   ", "text"), *line] for line in prose(each.error, "dim", width - 5))


def choice_lines(choice: Choice, width: int) -> Iterator[Line]:
    """Yields what a verb would change, or why it is not possible."""
    key = KEYS.get(choice.verb, " ")
    if choice.refused:
        yield [(f"  {choice.verb}", "dim"), (" is not possible:", "dim")]
        yield from ([("    ", "text"), *line] for line in prose(choice.refused, "dim", width - 4))
        return
    first, *rest = prose(choice.effect, "text", width - len(choice.verb) - 4)
    yield [(key, "key"), (f" {choice.verb}  ", "title"), *first]
    yield from ([("    ", "text"), *line] for line in rest)
    if choice.guests:
        more = f" and {len(choice.guests) - _NAMED} more" if len(choice.guests) > _NAMED else ""
        named = f"not recovered then: {', '.join(choice.guests[:_NAMED])}{more}"
        yield from ([("    ", "text"), *line] for line in prose(named, "warn", width - 4))
    again = choice.retried if len(choice.retried) > 1 else ()
    for word, keys, role in (("done again", again, "dim"), ("given up", choice.skipped[1:], "dim")):
        if keys:
            told = f"{word}: {'; '.join(named_steps(keys))}"
            yield from ([("    ", "text"), *line] for line in prose(told, role, width - 4))


def named_steps(keys: Sequence[str]) -> list[str]:
    """Returns steps by object, such as `provision/esx-01: boot, install`; the rest of many is counted."""
    verbs: dict[str, list[str]] = {}
    for key in keys:
        about, _, verb = key.rpartition("/")
        verbs.setdefault(about, []).append(verb)
    named = [f"{about}: {', '.join(of)}" for about, of in list(verbs.items())[:_OBJECTS]]
    left = sum(len(of) for of in list(verbs.values())[_OBJECTS:])
    return [*named, f"and {phrases.count(left, 'step')} of others"] if left else named


def _needs(step: StepDetail) -> str:
    if not step.needs:
        return "nothing"
    return step.needs[0] if len(step.needs) == 1 else phrases.count(len(step.needs), "step")
