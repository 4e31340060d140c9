"""Starts one program, bounds it, and writes down how it ended: a process of its own.

Run by its path with `python -I -S supervisor.py FOLDER NUMBER`, it knows nothing but the standard
library, so that it stands in milliseconds. What to start comes as JSON on its standard input. It
leaves its parent at once; the parent's exit code says whether this start was its to make:
0 yes, 3 another supervisor had it. Of several only one ever starts the program under a number.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TAKEN = 3
TERM_S = 2.0
"""Between the request to end and the end by force."""

DRAIN_S = 1.0
"""How long the rest of its output is waited for after a program's end."""


def identity(pid: int) -> dict[str, Any] | None:
    """Returns what tells a process from any later one with its pid; None for one that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else {"pid": pid, "ticks": int(fields[19]), "boot": boot}


def write(path: Path, value: dict[str, Any], *, exclusive: bool = False) -> bool:
    """Writes JSON so that whoever reads it finds all of it. False where it was there already."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        if exclusive:
            os.link(partial, path)
        else:
            os.replace(partial, path)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    return True


class Kept:
    """The last bytes of an output, whatever its length."""

    def __init__(self, source: int, most: int) -> None:
        self._source = source
        self._most = most
        self._bytes = bytearray()
        self._all = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while data := os.read(self._source, 65536):
            self._all += len(data)
            self._bytes += data
            del self._bytes[: -self._most]

    def told(self) -> dict[str, Any]:
        self._thread.join(DRAIN_S)
        kept = bytes(self._bytes)
        return {"output": kept.decode("utf-8", "backslashreplace"), "dropped": self._all - len(kept)}


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and what it left in its process group: asks, then forces."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(TERM_S)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def supervise(spec: dict[str, Any], claim: Path, claimed: dict[str, Any]) -> dict[str, Any]:
    """Starts the program and returns how it ended."""
    source, sink = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 -- an argument list of the operator's own, never a shell
            spec["program"],
            env=spec["environment"],
            cwd=spec["directory"],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return {"error": f"cannot be started: {error}"}
    finally:
        os.close(sink)
    write(claim, claimed | {"program": identity(process.pid)})
    kept = Kept(source, spec["most"])
    timed_out = False
    try:
        process.wait(spec["timeout_s"])
    except subprocess.TimeoutExpired:
        timed_out = True
    end_group(process)
    return {"code": process.returncode, "timed_out": timed_out, **kept.told()}


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _claimed(folder: Path, number: int, spec: dict[str, Any]) -> dict[str, Any] | None:
    """The claim of this start, None where it is another's."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    claimed = {
        "series": spec["series"],
        "supervisor": identity(os.getpid()),
        "program": None,
        "began": _stamp(),
        "until": time.time() + spec["timeout_s"] + TERM_S + DRAIN_S,
    }
    return claimed if write(folder / f"{number}.json", claimed, exclusive=True) else None


def _work(folder: Path, number: int, spec: dict[str, Any], told: int) -> None:
    claimed = _claimed(folder, number, spec)
    if claimed is None:
        return
    os.write(told, b"1")
    os.close(told)
    end = supervise(spec, folder / f"{number}.json", claimed)
    write(folder / f"{number}.end.json", {"began": claimed["began"], "ended": _stamp(), **end})


def _leave() -> None:
    """A session of its own, and none of the descriptors that the runner may wait for."""
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def main() -> int:
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    spec = json.load(sys.stdin)
    heard, told = os.pipe()
    if os.fork():
        os.close(told)
        return 0 if os.read(heard, 1) else TAKEN
    os.close(heard)
    _leave()
    _work(folder, number, spec, told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
