"""The plain console in a process of its own, spoken to in lines."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class Talk:
    """What an operator, or a screen reader, types and hears."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.sent = bytearray()
        self._heard = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        while data := os.read(self.process.stdout.fileno(), 65536):
            self.sent += data

    def types(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    @property
    def text(self) -> str:
        return self.sent.decode()

    def hears(self, *words: str, within: float = 60.0) -> str:
        """Waits until all words were said since the last time, and returns what was said since."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            new = self.text[self._heard :]
            if all(word in new for word in words):
                self._heard += max(new.index(word) + len(word) for word in words)
                return new
            time.sleep(0.02)
        raise AssertionError(f"never heard {words} in:\n{self.text[self._heard :]}")

    def ended(self, within: float = 20.0) -> int:
        return self.process.wait(within)


@contextmanager
def talk(config: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Talk]:
    """Opens the plain console on a configuration."""
    command = "import sys; from drconsole.cli.main import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "--config", str(config), "--plain", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LANG": "C.UTF-8", **(environ or {})},
    )
    try:
        yield Talk(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
