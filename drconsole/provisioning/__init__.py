"""Bare metal: Redfish power, the boot service, role templates."""
