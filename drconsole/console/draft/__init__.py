"""What the operator is working on: the host mapping and the VM selection of a site, not yet run.

Import the kinds from here; the modules below divide them by subject.
"""

from drconsole.console.draft.desk import Desk, Judged
from drconsole.console.draft.fit import Fit, fit_of
from drconsole.console.draft.mapping import Chosen, MappingDraft
from drconsole.console.draft.selection import SelectionDraft, disk_gib

__all__ = [
    "Chosen",
    "Desk",
    "Fit",
    "Judged",
    "MappingDraft",
    "SelectionDraft",
    "disk_gib",
    "fit_of",
]
