"""The shipped units say what systemd understands, and leave runs alone."""

from __future__ import annotations

import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from drconsole.service.units import unit_text

# Elsewhere an account's service manager would be asked; `--user` needs one, so both are read as the system's.
KINDS = ("system", "user")


@pytest.mark.parametrize("kind", KINDS)
def test_systemd_finds_nothing_wrong_with_it(kind: str, tmp_path: Path) -> None:
    assert _verify(unit_text(kind), kind, tmp_path) == (0, "")


@pytest.mark.parametrize("kind", KINDS)
def test_systemd_would_find_a_mistake(kind: str, tmp_path: Path) -> None:
    code, said = _verify(unit_text(kind).replace("KillMode=", "KilMode="), kind, tmp_path)
    assert (code, "KilMode" in said) != (0, False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_outlives_its_service(kind: str) -> None:
    service = _service(unit_text(kind))
    assert service["KillMode"] == "process"
    assert service["OOMPolicy"] == "continue"


@pytest.mark.parametrize("kind", KINDS)
def test_it_starts_this_installation_with_the_named_configuration(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/drconsole/bin/drconsole"])
    started = _service(unit_text(kind, "/etc/other.toml"))["ExecStart"]
    assert started == "/opt/drconsole/bin/drconsole --config /etc/other.toml serve"


def _service(text: str) -> dict[str, str]:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    parser.read_string(text)
    return dict(parser["Service"])


def _verify(text: str, kind: str, folder: Path) -> tuple[int, str]:
    file = folder / f"drconsole-{kind}.service"
    command = _service(text)["ExecStart"].split()[0]
    file.write_text(text.replace(command, "/bin/true"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", file],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr
