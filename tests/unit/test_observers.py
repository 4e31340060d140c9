"""Who only looks is refused by the service itself, whatever they ask with."""

from __future__ import annotations

import typing
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.main import run
from drconsole.errors import Refused, UnknownName

_SAMPLES: dict[str, typing.Any] = {
    "Capture": requests.Capture(site="s"),
    "ListHosts": requests.ListHosts(site="s"),
    "CheckSite": requests.CheckSite(site="s"),
    "ImportSnapshot": requests.ImportSnapshot(document=b""),
    "ReleaseTarget": requests.ReleaseTarget(name="t"),
    "Match": requests.Match(site="s"),
    "PlanRun": requests.PlanRun(site="s"),
    "Recover": requests.Recover(site="s", mode="drill"),
    "Retry": requests.Retry(run="r"),
    "Skip": requests.Skip(run="r", step="s", reason="x"),
    "Approve": requests.Approve(run="r"),
    "Pause": requests.Pause(run="r"),
    "Resume": requests.Resume(run="r"),
    "Replace": requests.Replace(run="r", target="t"),
    "SetFlags": requests.SetFlags(run="r"),
    "ApplyUplinks": requests.ApplyUplinks(run="r"),
    "ReviewUplinks": requests.ReviewUplinks(run="r"),
    "RollBackUplinks": requests.RollBackUplinks(run="r", host="h"),
    "Cancel": requests.Cancel(run="r"),
    "Cleanup": requests.Cleanup(run="r"),
    "Present": requests.Present(run="r", screen="run"),
}


@pytest.fixture
async def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    file = tmp_path / "drconsole.toml"
    file.write_text('[state]\ndir = "s"\n')
    yield file
    lock = tmp_path / "s/service.lock"
    if lock.exists() and (text := lock.read_text().strip()):
        psutil.Process(int(text)).kill()


async def test_an_observer_is_refused_every_change_and_may_look(config: Path) -> None:
    changes = [_SAMPLES.get(kind.__name__) or kind() for kind in requests.CHANGES]
    async with await Client.connect(config, observe=True) as observer:
        for request in changes:
            with pytest.raises(Refused, match="only observes") as refused:
                await observer.ask(request)
            assert refused.value.exit_code == 3
            assert type(request).__name__ in str(refused.value)
        assert await observer.ask(requests.ListRuns()) == ()
        assert (await observer.ask(requests.Status())).runs == ()
        with pytest.raises(UnknownName):
            await observer.ask(requests.ShowRun(run="latest"))


async def test_it_is_the_connection_that_observes_and_not_the_service(config: Path) -> None:
    async with await Client.connect(config, observe=True), await Client.connect(config) as operator:
        with pytest.raises(UnknownName, match="no such run"):
            await operator.ask(requests.Pause(run="latest"))


def test_what_is_no_change_is_named_so_that_a_new_request_is_thought_about() -> None:
    looks = {kind.__name__ for kind in typing.get_args(requests.AnyRequest)} - {
        kind.__name__ for kind in requests.CHANGES
    }
    assert looks == {
        *("Status", "ListSites", "WatchInventory", "WatchOverview", "WatchPresenter"),
        *("ListSnapshots", "GetSnapshot", "SearchSnapshots", "DiffSnapshots"),
        *("ListTargets", "Select", "ListSpares", "ListRuns", "ShowRun", "ShowStep", "Attach"),
        *("ShowFlags", "ShowTimeline", "ShowUplinks", "Report"),
    }


def test_a_command_observes_where_it_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared = ["--config", str(config)]
    assert run(["--observe", *shared, "run", "pause", "latest"]) == 3
    assert "only observes" in capsys.readouterr().err
    assert run(["run", "list", "--observe", *shared, "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == []
    words = ["--address", "vc:443", "--username", "u", "--password", "env:P", "--pin", f"sha256:{'0' * 64}"]
    before = config.read_text()
    assert run(["site", "add", "n", *words, *shared, "--observe"]) == 3
    assert config.read_text() == before
