"""Redfish: power, boot order and inventory of a machine by its BMC (docs/redfish.md)."""

from drconsole.provisioning.redfish.machine import RedfishMachine, open_machine

__all__ = ["RedfishMachine", "open_machine"]
