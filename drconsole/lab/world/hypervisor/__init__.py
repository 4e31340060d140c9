"""The state of an ESXi host that lives in a machine of the world.

The host's own endpoint and a vCenter's HostSystem are two views of one Hypervisor.
"""
