"""Talking to a running lab: one JSON line there, one back, over a unix socket beside its files."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from drconsole.errors import DRConsoleError, Unreachable

Answer = dict[str, Any]
Verbs = Callable[[str, dict[str, Any]], Awaitable[Answer]]
LONGEST_PATH = 100
"""Bytes; the kernel takes 107."""
PATIENCE_S = 120.0


class LabRefused(DRConsoleError):
    """The lab answered that it cannot do this: an unknown fault, side, or verb."""

    exit_code = 2


def socket_path(directory: Path) -> Path:
    """Returns where the lab of a directory listens: in it, or by a hash where that is too long."""
    beside = directory.absolute() / "lab.sock"
    if len(os.fsencode(beside)) <= LONGEST_PATH:
        return beside
    digest = hashlib.sha256(os.fsencode(directory.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"drconsole-lab-{os.getuid()}" / f"{digest}.sock"


def request(directory: Path, verb: str, **args: Any) -> Answer:
    """Asks the lab of a directory and returns its answer.

    Verbs: `status`; `fault` (name, times, clear, where); `dump` (side); `churn` (rate, operations, stop),
    which answers at once and counts in `churned`, as `status` does; `down`. Raises Unreachable where no lab
    runs there, LabRefused with the lab's own words.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(socket_path(directory)))
            connection.sendall(json.dumps({"verb": verb, "args": args}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
    except OSError as error:
        raise Unreachable(
            f"no lab answers: {error}", about=str(directory), remedy="start it with `drconsole lab up`"
        ) from error
    if not line:
        raise Unreachable("the lab ended in the middle of its answer", about=str(directory))
    answer: Answer = json.loads(line)
    if "error" in answer:
        raise LabRefused(answer["error"], about=str(directory))
    return answer


async def listen(directory: Path, verbs: Verbs) -> asyncio.Server:
    """Opens the control socket; `verbs` carries out each request and raises ValueError to refuse."""
    path = _prepared(directory)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            line = await reader.readline()
            writer.write(json.dumps(await _answer(verbs, line)).encode() + b"\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    path.chmod(0o600)
    return server


def _prepared(directory: Path) -> Path:
    path = socket_path(directory)
    if path.parent != directory.absolute():
        path.parent.mkdir(mode=0o700, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


async def _answer(verbs: Verbs, line: bytes) -> Answer:
    try:
        asked = json.loads(line)
        return await verbs(asked["verb"], asked.get("args", {}))
    except (ValueError, KeyError, TypeError) as refused:
        return {"error": str(refused)}
