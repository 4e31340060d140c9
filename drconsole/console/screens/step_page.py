"""What do I do now: a step with what was tried, said and seen, and a key for each verb that applies."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding

from drconsole.api.values import Attempt, Choice, StepDetail
from drconsole.console import phrases
from drconsole.console.look import mark
from drconsole.console.screens.dialogs import Dialog, prose
from drconsole.console.widgets.drawing import Line, Span

KEYS = {"retry": "k", "approve": "a", "skip": "s", "replace": "x", "cancel": "X"}
"""Verb → its key on the page: the one that it has on the Run screen."""

_WIDTH = 68
_NAMED = 4
"""So many guests of a choice are named; the others are counted."""


class StepPage(Dialog[str]):
    """Shows a step. A verb's key leaves with the verb, which then asks what it has to ask."""

    BINDINGS = [
        Binding("enter,q,space", "give_up", show=False),
        *(Binding(key, f"say('{verb}')", show=False) for verb, key in KEYS.items()),
    ]
    wide = True

    def __init__(self, step: StepDetail) -> None:
        self._verbs = {choice.verb for choice in step.choices if not choice.refused}
        hint: list[Span] = []
        for verb, key in KEYS.items():
            if verb in self._verbs:
                hint += [(key, "key"), (f" {verb}  ", "text")]
        super().__init__(step.key, step_lines(step), [*hint, ("enter", "key"), (" back", "dim")])

    def action_say(self, verb: str) -> None:
        """Takes a verb, if it applies."""
        if verb in self._verbs:
            self.dismiss(verb)


def step_lines(step: StepDetail) -> list[Line]:
    """Returns the page: what went wrong and what was seen, what each verb would change, then the past."""
    glyph, role = mark(step.state)
    about = f" · {step.object}" if step.object and step.object not in step.title else ""
    lines: list[Line] = [[(f"{glyph} {step.state}", role), (f"  {step.title or step.key}{about}", "title")]]
    if step.machine:
        lines.append([("on         ", "dim"), (step.machine, "text")])
    lines += _told("said       ", step.error, "bad") + _told("seen after ", step.observed, "warn")
    if not step.choices:
        lines += _told("remedy     ", step.remedy, "text")
    lines += _part("what now", [line for choice in step.choices for line in _choice(choice)])
    lines += _part("attempted", [line for each in step.attempted for line in _attempt(each)])
    lines += _part("log", [line for text in step.said for line in prose(text, "dim", _WIDTH)])
    stops = phrases.count(len(step.stops), "step") if step.stops else "nothing"
    lines += [[], [("needed by ", "dim"), (stops, "text"), ("  needs ", "dim"), (_needs(step), "text")]]
    for name, value in list(step.result.items())[:8]:
        lines.append([(f"{name}  ", "dim"), (str(value), "text")])
    return lines


def _told(title: str, text: str, role: str) -> list[Line]:
    """A word, and beside it what there is to say; nothing where there is nothing."""
    if not text:
        return []
    first, *rest = prose(text, role, _WIDTH - len(title))
    return [[(title, "dim"), *first], *([(" " * len(title), "text"), *line] for line in rest)]


def _part(title: str, lines: list[Line]) -> list[Line]:
    return [[], [(title, "dim")], *([("  ", "text"), *line] for line in lines)] if lines else []


def _attempt(each: Attempt) -> Iterator[Line]:
    glyph, role = mark(each.end or "running")
    times = phrases.seconds_clock(each.started)
    times += f" – {phrases.seconds_clock(each.ended)}" if each.ended else ""
    end = each.end or "its end was not seen"
    yield [
        (f"{each.number}  {times}  ", "text"),
        (f"{glyph} {end}", role),
        (f"  runner {each.epoch}", "dim"),
    ]


def _choice(choice: Choice) -> Iterator[Line]:
    key = KEYS.get(choice.verb, " ")
    if choice.refused:
        yield [(f"  {choice.verb}", "dim"), (" is not possible:", "dim")]
        yield from ([("    ", "text"), *line] for line in prose(choice.refused, "dim", _WIDTH - 4))
        return
    first, *rest = prose(choice.effect, "text", _WIDTH - len(choice.verb) - 4)
    yield [(key, "key"), (f" {choice.verb}  ", "title"), *first]
    yield from ([("    ", "text"), *line] for line in rest)
    if choice.guests:
        more = f" and {len(choice.guests) - _NAMED} more" if len(choice.guests) > _NAMED else ""
        named = f"not recovered then: {', '.join(choice.guests[:_NAMED])}{more}"
        yield from ([("    ", "text"), *line] for line in prose(named, "warn", _WIDTH - 4))


def _needs(step: StepDetail) -> str:
    if not step.needs:
        return "nothing"
    return step.needs[0] if len(step.needs) == 1 else phrases.count(len(step.needs), "step")
