"""The managed-object model of the vSphere API on pyVmomi's type registry; it knows no socket."""
