"""What operators do to a run. Each verb is one transaction: the verb, its effect and its events.

A question, or a failed attempt of a step, is answered once; of two operators the second is refused,
and told who was first. Who did what, and when, stands in the run's events and in its view.
"""

from __future__ import annotations

from drconsole.recovery.verbs.course import cancel, cleanup, pause, resume
from drconsole.recovery.verbs.rules import storage_connected
from drconsole.recovery.verbs.steps import applicable, approve, retry, skip

__all__ = [
    "applicable",
    "approve",
    "cancel",
    "cleanup",
    "pause",
    "resume",
    "retry",
    "skip",
    "storage_connected",
]
