"""Setting up a first site from a console: what is typed is judged, nothing is written before it is right."""

# ruff: noqa: ASYNC240 -- small files
from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drconsole.api.setting_up import NewSite, SiteSetup
from drconsole.cli.setup import FileSetup
from drconsole.errors import InvalidConfiguration, Refused, Unreachable
from drconsole.settings.file import load

PIN = f"sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("field", "wrong", "right"),
    [
        ("name", "a/b", "pittsburgh"),
        ("address", "vc.example", "vc.example:443"),
        ("username", " ", "drconsole@vsphere.local"),
        ("password", "hunter2", "env:PASSWORD"),
        ("password", "vault:x", "file:secret"),
        ("password", "prompt:", "cred:vc"),
        ("pin", "sha256:12", PIN),
        ("platform", "hyperv", "vsphere"),
    ],
)
def test_each_field_says_what_would_be_right(tmp_path: Path, field: str, wrong: str, right: str) -> None:
    setup: SiteSetup = FileSetup(tmp_path / "drconsole.toml")
    told = setup.trouble(field, wrong)
    assert told
    assert "hunter2" not in told
    assert setup.trouble(field, "")
    assert setup.trouble(field, right) == ""


async def test_a_site_is_added_to_a_file_that_was_not_there_and_a_second_one_to_it(tmp_path: Path) -> None:
    setup = FileSetup(tmp_path / "new" / "drconsole.toml")
    site = NewSite(name="erie", address="vc:443", username="u", password="env:P", pin=PIN)
    assert await setup.add(site) == setup.path
    with pytest.raises(Refused, match="there already"):
        await setup.add(site)
    with pytest.raises(InvalidConfiguration, match="password"):
        await setup.add(NewSite(name="x", address="vc:443", username="u", password="secret", pin=PIN))
    assert list(load(setup.path).sites) == ["erie"]
    assert load(setup.path).sites["erie"].endpoint.pin == PIN
    assert "secret" not in Path(setup.path).read_text()


async def test_the_pin_that_is_shown_is_that_of_the_certificate_and_silence_is_an_error(
    tmp_path: Path,
) -> None:
    setup = FileSetup(tmp_path / "drconsole.toml")
    with pytest.raises(InvalidConfiguration):
        await setup.shown_pin("vc")
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable):
            await setup.shown_pin(f"127.0.0.1:{port}")
