"""What a notice says, for people and for programs. Foreign text in it is made safe."""

from __future__ import annotations

import msgspec

from drconsole.model.text import safe_text
from drconsole.service.notify.kinds import Body
from drconsole.settings.values import NoticeKind

_WORDS: dict[NoticeKind, str] = {
    "waiting": "waits for an operator",
    "failed": "has failures",
    "finished": "has come to rest",
    "pre-empted": "was pre-empted by a real run",
}
_LINE = 300
"""Characters of one device's words that a message repeats."""


class Message(msgspec.Struct, frozen=True):
    """A notice, ready to be sent. `key` is the same over all attempts: whoever gets it twice can tell.

    `summary` is one line, `text` all of it, `json` the same for programs.
    """

    key: str
    kind: NoticeKind
    summary: str
    text: str
    json: bytes


def message(body: Body, key: str) -> Message:
    """Returns what a notice says."""
    summary = f"{body.run} ({body.mode} of {safe_text(body.site)}) {_WORDS[body.kind]}"
    if body.count > 1:
        summary += f": {body.count} events"
    text = "\n".join((summary, "", *_lines(body), "", f"drconsole run show {body.run}", ""))
    told = {"notice": 1, "id": key, "summary": summary, "text": text, **msgspec.to_builtins(body)}
    return Message(key, body.kind, summary, text, msgspec.json.encode(told))


def _lines(body: Body) -> list[str]:
    lines: list[str] = []
    for item in body.items:
        said = f"{item.step}: {item.text}" if item.step else item.text
        lines.append(f"{item.at}  {safe_text(said, limit=_LINE)}")
        lines += [f"    {safe_text(verb)}" for verb in item.verbs]
    if body.count > len(body.items):
        lines.append(f"and {body.count - len(body.items)} more")
    return lines


def trial(actor: str, at: str) -> Message:
    """Returns a message that asks for nothing: whether it arrives is what matters."""
    key = f"test.{at.replace(':', '')}"
    summary = "this is a test: nothing has happened, nothing need be done"
    text = f"{summary}\n\n{at}  `drconsole notify test`, by {safe_text(actor)}\n"
    told = {"notice": 1, "id": key, "kind": "test", "at": at, "summary": summary, "text": text}
    return Message(key, "finished", summary, text, msgspec.json.encode(told))
