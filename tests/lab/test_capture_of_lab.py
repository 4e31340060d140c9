"""A capture of the lab's protected vCenter: what vcsim cannot show is here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drconsole import settings
from drconsole.documents import read_snapshot, write_snapshot
from drconsole.lab.options import LabOptions
from drconsole.lab.process import LabHandle, running
from drconsole.model.inventory import Snapshot
from drconsole.platforms.vsphere.platform import VSpherePlatform
from drconsole.settings.values import DEADLINES

_taken: list[Snapshot] = []


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHandle]:
    options = LabOptions(
        directory=str(tmp_path_factory.mktemp("capture-lab")), speed=100, deadlines=dict(DEADLINES)
    )
    with running(options) as lab:
        yield lab


@pytest.fixture
async def snapshot(lab: LabHandle) -> Snapshot:
    """One capture for all: they only read."""
    if not _taken:
        loaded = settings.load(lab.configuration)
        site = loaded.sites["pittsburgh"]
        _taken.append(await VSpherePlatform().capture(site, loaded, "recovery", _quiet))
    return _taken[0]


def _quiet(_line: str) -> None:
    pass


def test_it_is_whole_and_consistent(snapshot: Snapshot) -> None:
    assert (snapshot.consistent, snapshot.dangling) == (True, ())
    assert (len(snapshot.clusters), len(snapshot.hosts), len(snapshot.virtual_machines)) == (2, 4, 40)


def test_it_survives_the_document(snapshot: Snapshot) -> None:
    assert read_snapshot(write_snapshot(snapshot)) == snapshot


def test_links_are_as_the_cables_are(snapshot: Snapshot) -> None:
    links = {nic.link for host in snapshot.hosts for nic in host.physical_nics}
    assert links == {"up", "down"}


def test_the_distributed_switch_has_its_members_with_their_nics(snapshot: Snapshot) -> None:
    (switch,) = snapshot.distributed_switches
    assert {member.host for member in switch.members} == {host.id for host in snapshot.hosts}
    for member in switch.members:
        names = {nic.name for host in snapshot.hosts if host.id == member.host for nic in host.physical_nics}
        assert member.nics
        assert set(member.nics) <= names
    assert [group.name for group in snapshot.distributed_port_groups if group.uplink]


def test_vapps_templates_and_two_datastores(snapshot: Snapshot) -> None:
    assert snapshot.vapps
    assert [guest for guest in snapshot.virtual_machines if guest.template and not guest.resource_pool]
    spread = [guest for guest in snapshot.virtual_machines if len({d.datastore for d in guest.disks}) > 1]
    assert len(spread) >= 2


def test_the_management_server_is_found_among_its_own_guests(snapshot: Snapshot) -> None:
    server = snapshot.management_server
    assert server is not None
    own = {guest.id: guest for guest in snapshot.virtual_machines}[server.guest]
    assert own.name == "vc-01"
    assert server.interfaces[0].mac == own.network_interfaces[0].mac
    assert server.interfaces[0].addresses


def test_disks_lead_to_volumes_and_volumes_to_arrays(snapshot: Snapshot) -> None:
    datastores = {datastore.id: datastore for datastore in snapshot.datastores}
    volumes = {volume.id: volume for volume in snapshot.volumes}
    arrays = {array.id for array in snapshot.storage_arrays if array.side == "protected"}
    reached = {
        volumes[volume].array
        for guest in snapshot.virtual_machines
        for disk in guest.disks
        for volume in datastores[disk.datastore].volumes
    }
    assert reached == arrays == {"array1", "array2"}
