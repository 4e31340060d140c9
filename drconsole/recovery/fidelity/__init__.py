"""Fidelity: every captured value of what was to be recovered, against what came back.

`compare` needs no device: two snapshots, the plan, and what the uplinks' steps found out.
"""

from drconsole.recovery.fidelity.comparison import compare
from drconsole.recovery.fidelity.rules import RULES, Rule
from drconsole.recovery.fidelity.servers import with_observed

__all__ = ["RULES", "Rule", "compare", "with_observed"]
