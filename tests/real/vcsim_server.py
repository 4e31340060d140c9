"""govmomi's vCenter simulator as a process: built once from Debian's library package, run on loopback."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent / "vcsim" / "main.go"
LIBRARY = Path("/usr/share/gocode/src/github.com/vmware/govmomi/simulator")
_END = "-----END CERTIFICATE-----\n"
USER, PASSWORD = "administrator@vsphere.local", "correct horse"


class Server(NamedTuple):
    """A running simulator: HOST:PORT, and its certificate's pin."""

    address: str
    pin: str

    @property
    def host(self) -> str:
        return self.address.rpartition(":")[0]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


def missing() -> str:
    """Says which package the build lacks, "" for none."""
    if shutil.which("go") is None:
        return "golang-go"
    return "" if LIBRARY.is_dir() else "golang-github-vmware-govmomi-dev"


def build() -> Path:
    """Returns the simulator's binary, built where the source has changed since the last time."""
    mark = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"drconsole-vcsim-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    binary = folder / f"vcsim-{mark}"
    if not binary.exists():
        fresh = folder / f"vcsim-{mark}.{os.getpid()}"
        settings = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(folder / "cache")}
        subprocess.run(
            ["go", "build", "-o", str(fresh), str(SOURCE)], check=True, env=os.environ | settings, timeout=300
        )
        fresh.replace(binary)
    return binary


@contextmanager
def running(**counts: int) -> Iterator[Server]:
    """Runs a simulator with these counts (`clusters=2, guests=5`: see main.go) until the block ends."""
    words = [f"-{name.replace('_', '-')}={count}" for name, count in counts.items()]
    process = subprocess.Popen(
        [str(build()), f"-user={USER}", f"-password={PASSWORD}", *words],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        _, _, address = process.stdout.readline().strip().partition(" ")
        pem = (
            "".join(iter(process.stdout.readline, "-----END CERTIFICATE-----\n"))
            + "-----END CERTIFICATE-----\n"
        )
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        yield Server(address=address, pin=f"sha256:{digest}")
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
