"""A scripted vCenter, and the configuration that reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.settings.values import DEADLINES, Endpoint, Settings
from tests.unit.vsphere.soap_peer import PASSWORD, USER, SoapPeer


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[SoapPeer]:
    peer = SoapPeer(tmp_path)
    yield peer
    peer.close()


@pytest.fixture
def endpoint(peer: SoapPeer, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    monkeypatch.setenv("SCRIPTED_PASSWORD", PASSWORD)
    return Endpoint(
        address=peer.address, username=USER, password="env:SCRIPTED_PASSWORD", pin=peer.identity.pin
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        path=str(tmp_path / "drconsole.toml"),
        state_dir=str(tmp_path),
        repository_url="",
        journal_url="",
        deadlines={**DEADLINES, "vcenter-call": 3.0},
    )
