"""`drconsole target check` by command: passwords that are refused, and certificates that are others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole import settings as configuration
from tests.lab.own_lab import OwnLab, own_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    with own_lab(tmp_path_factory.mktemp("check"), hosts=1, vms=2, targets=3, speed=60) as lab:
        yield lab


def refused(lab: OwnLab, target: str) -> int:
    """How many logins the BMC itself refused."""
    status = lab.operator.json("lab", "status", "--dir", lab.directory)
    return int(status["refusedLogins"].get(f"bmc/{target}", 0))


def secret(lab: OwnLab, target: str) -> Path:
    return lab.directory / "secrets" / f"bmc-{target}"


def test_a_wrong_password_is_sent_once_and_the_right_one_mends_it(lab: OwnLab) -> None:
    """All three checks are answered by one service."""
    right = secret(lab, "D").read_text(encoding="utf-8")
    secret(lab, "D").write_text("wrong\n", encoding="utf-8")
    for _ in range(2):
        outcome = lab.operator("target", "check", "D", "--json")
        assert outcome.code == 4
        assert "refuses the user name or password; not tried again" in outcome.stderr
        assert refused(lab, "D") == 1
    (target,) = outcome.json
    assert (target["name"], target["state"]) == ("D", "unreachable")
    secret(lab, "D").write_text(right, encoding="utf-8")
    (target,) = lab.operator.json("target", "check", "D")
    assert (target["state"], target["error"]) == ("free", "")
    assert refused(lab, "D") == 1


def test_another_certificate_shows_both_fingerprints_and_gets_no_password(lab: OwnLab) -> None:
    text = lab.configuration.read_text(encoding="utf-8")
    pool = configuration.load(lab.configuration).pool
    expected, presented = pool["F"].bmc.pin, pool["E"].bmc.pin
    lab.operator("serve", "--stop")
    lab.configuration.write_text(text.replace(presented, expected), encoding="utf-8")
    outcome = lab.operator("target", "check", "E", "--json")
    assert outcome.code == 4
    assert expected in outcome.stderr
    assert presented in outcome.stderr
    assert refused(lab, "E") == 0
