"""A machine's BMC: Redfish (DSP0266, DSP0268) over HTTP."""

from __future__ import annotations

from drconsole.lab.doors.redfish.door import redfish_application

__all__ = ["redfish_application"]
