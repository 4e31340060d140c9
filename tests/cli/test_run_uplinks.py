"""What `run uplinks` refuses as words, and how a host's three columns read."""

from __future__ import annotations

import pytest

from drconsole.api.uplinks import HostUplinks, UplinkPort, UplinkSwitch
from drconsole.cli import run_uplinks
from drconsole.cli.main import run

HOST = HostUplinks(
    host="esx-01",
    target="E",
    state="waiting",
    captured=(
        UplinkSwitch(name="vSwitch0", nics=("vmnic2",), carries=("vmk0 management", "Web\x1b[31m")),
        UplinkSwitch(name="vSwitch1", nics=("vmnic0", "vmnic1")),
    ),
    now=(
        UplinkPort(name="vmnic0", link=True, speed_mbit=10_000, booted=True),
        UplinkPort(name="vmnic1", link=True, speed_mbit=2_500),
        UplinkPort(name="vmnic2", link=False),
    ),
    planned={"vmnic0": "vmnic2", "vmnic1": "vmnic1", "vmnic2": "vmnic0"},
    why={"vmnic2": "vmnic2 has no link here"},
    dropped=("vmnic9",),
    refused=("vmnic3",),
    trial="vmnic0",
    trouble="Move it?",
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("R-1", "esx-01", "--apply", "--roll-back"), "not both"),
        (("R-1", "--apply", "--no-review"), "not both"),
        (("R-1", "esx-01", "--review"), "name no host"),
        (("R-1", "--roll-back"), "name the host"),
        (("R-1", "esx-01", "--apply", "--reason", "so"), "--reason goes with --roll-back"),
    ],
)
def test_words_that_mean_nothing_are_refused(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", "uplinks", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_host_is_printed_side_by_side_with_its_reasons(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_uplinks, "with_service", lambda _talk: (HOST,))
    assert run(["run", "uplinks", "R-1"]) == 0
    out = capsys.readouterr().out
    head, columns, first, second, third, *words = out.splitlines()
    assert head == "esx-01 on E: waiting"
    assert columns.split("  ")[0] == "AS CAPTURED"
    assert first.startswith("vSwitch0 ← vmnic2  vmk0 management, Web\\x1b[31m")
    assert "vmnic0  link 10G (booted)" in first
    assert second.startswith("vSwitch1 ← vmnic0, vmnic1")
    assert "vmnic1  link 2.5G" in second
    assert "vmnic2, vmnic1" in second
    assert "vmnic2  no link" in third
    assert words == [
        "why: vmnic2 has no link here",
        "without a port: vmnic9",
        "rolled back: vmnic3",
        "on trial: vmnic0",
        "waiting: Move it?",
    ]
