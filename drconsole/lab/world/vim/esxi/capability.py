"""What every host of the lab can do: one shared HostCapability."""

from __future__ import annotations

from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.registry import OPTIONAL, properties, wsdl_type

_LACKS = frozenset(
    {
        "backgroundSnapshotsSupported",
        "cpuMemoryResourceConfigurationSupported",
        "datastorePrincipalSupported",
        "ftSupported",
        "recordReplaySupported",
        "restrictedSnapshotRelocateSupported",
        "standbySupported",
        "tpmSupported",
    }
)
_REQUIRED = {
    name: name not in _LACKS
    for name, info in properties(wsdl_type("HostCapability")).items()
    if not info.flags & OPTIONAL
}

CAPABILITY = new(
    "HostCapability",
    **_REQUIRED,
    maxSupportedVMs=1024,
    maxRunningVMs=1024,
    maxSupportedVcpus=4096,
    maxRegisteredVMs=4096,
    maxHostRunningVms=1024,
    maxHostSupportedVcpus=768,
    supportedVmfsMajorVersion=[5, 6],
    loginBySSLThumbprintSupported=True,
    nfs41Supported=True,
    multipleNetworkStackInstanceSupported=True,
)
