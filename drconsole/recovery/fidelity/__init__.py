"""Fidelity: every captured value of what was to be recovered, against what came back.

`compare` needs no device: two snapshots, the plan, and what the uplinks' steps found out.
"""

from drconsole.recovery.fidelity.comparison import compare
from drconsole.recovery.fidelity.rules import RULES, Rule

__all__ = ["RULES", "Rule", "compare"]
