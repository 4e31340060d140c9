"""Foreign servers for the tests of this folder. A server that cannot be had skips its tests, visibly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drconsole.settings.values import Endpoint, Settings, Site
from tests.real import vcsim_server

SHAPES: dict[str, dict[str, int]] = {
    "one cluster and a host that stands alone": {},
    "nested: folders, datastore clusters, pools, vApps, two datacenters": {
        "datacenters": 2,
        "folders": 1,
        "pods": 1,
        "pools": 2,
        "vapps": 1,
        "guests": 3,
        "datastores": 3,
        "port_groups": 3,
    },
    "wide: 40 hosts and 400 guests": {
        "clusters": 10,
        "cluster_hosts": 4,
        "standalone_hosts": 0,
        "guests": 40,
        "port_groups": 5,
    },
}


@pytest.fixture(scope="session", params=SHAPES, ids=[name.partition(":")[0] for name in SHAPES])
def vcsim(request: pytest.FixtureRequest) -> Iterator[vcsim_server.Server]:
    """A vSphere API server that this project did not write, at three shapes and sizes."""
    if package := vcsim_server.missing():
        pytest.skip(f"vcsim needs the Debian package {package}: run scripts/debian-packages")
    with vcsim_server.running(**SHAPES[request.param]) as server:
        yield server


@pytest.fixture
def vcsim_site(vcsim: vcsim_server.Server, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The configuration of a site whose vCenter is the simulator."""
    monkeypatch.setenv("VCSIM_PASSWORD", vcsim_server.PASSWORD)
    return site_at(vcsim)


def site_at(server: vcsim_server.Server) -> Site:
    return Site(
        name="foreign",
        platform="vsphere",
        endpoint=Endpoint(
            address=server.address, username=vcsim_server.USER, password="env:VCSIM_PASSWORD", pin=server.pin
        ),
    )


@pytest.fixture
def settings() -> Settings:
    return Settings(path="/nowhere/drconsole.toml", state_dir="/nowhere", repository_url="", journal_url="")
