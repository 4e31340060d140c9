"""System calls on chosen files that fail, or kill who makes them: strace does it."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

CALLS = ("pwrite64", "pread64", "fdatasync", "fsync", "ftruncate", "openat", "unlink", "write")
"""What SQLite does to its files, and what could be in the place of it on another build."""

Kind = Literal["SIGKILL", "ENOSPC", "EIO"]
KINDS: tuple[Kind, ...] = ("SIGKILL", "ENOSPC", "EIO")


class Blow(NamedTuple):
    """The `when`th such call of a thread meets its end; `stays`: so do all after it."""

    call: str
    kind: Kind
    when: int
    stays: bool

    @property
    def told(self) -> str:
        """It as strace is told."""
        how = f"signal={self.kind}" if self.kind == "SIGKILL" else f"error={self.kind}"
        return f"{self.call}:{how}:when={self.when}{'+' if self.stays else ''}"


@contextmanager
def traced(pid: int, files: Sequence[Path], output: Path, blow: Blow | None) -> Iterator[None]:
    """Attaches to a process, deals the blow to its calls on `files`, and lets go of it at the end.

    Raises RuntimeError where strace cannot trace here.
    """
    told = ["-e", f"inject={blow.told}"] if blow else []
    calls = blow.call if blow else ",".join(CALLS)
    paths = [word for file in files for word in ("-P", str(file))]
    command = ["strace", "-f", "-o", str(output), "-e", f"trace={calls}", *told, *paths, "-p", str(pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    try:
        said = b""
        while b"attached" not in said:
            line = tracer.stderr.readline()
            if not line:
                raise RuntimeError(f"strace cannot trace here: {said.decode(errors='replace').strip()}")
            said += line if b"resolved into" not in line else b""
        yield
    finally:
        if tracer.poll() is None:
            tracer.terminate()
        tracer.wait(10)
        tracer.stderr.close()


def counted(output: Path) -> Counter[str]:
    """Returns how often at most one thread made each call, by what strace wrote."""
    by_thread = Counter(re.findall(r"^(\d+) +(\w+)\(", output.read_text(errors="replace"), re.MULTILINE))
    most: Counter[str] = Counter()
    for (_, call), times in by_thread.items():
        most[call] = max(most[call], times)
    return most


def struck(output: Path) -> bool:
    """Whether the blow was dealt."""
    text = output.read_text(errors="replace")
    return "(INJECTED)" in text or "+++ killed by SIGKILL +++" in text
