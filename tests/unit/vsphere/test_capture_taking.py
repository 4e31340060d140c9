"""A capture as a whole, against a scripted inventory that changes under its hands."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from drconsole.documents import read_snapshot, write_snapshot
from drconsole.errors import InvalidDocument, Unreachable
from drconsole.model.inventory import Snapshot
from drconsole.model.inventory.storage import PhysicalServer
from drconsole.model.site import ArrayPlace, GroupEntry
from drconsole.platforms.vsphere.capture import taking
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.platform import VSpherePlatform
from drconsole.repository import Repository
from drconsole.settings.values import Array, Endpoint, Settings, Site
from tests.unit.vsphere.inventory_peer import InventoryPeer, Objects, ref, string, strings, thing
from tests.unit.vsphere.soap_peer import SoapPeer, fault


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "PAUSE", 0.0)


@pytest.fixture
def site(endpoint: Endpoint) -> Site:
    return Site(name="pittsburgh", platform="vsphere", endpoint=endpoint)


def guest(
    id: str = "vm-1", name: str = "web-01", *, complete: bool = True, host: str = "host-1", **more: str
) -> tuple[str, str]:
    made = {"config__files__vmPathName": string(f"[ds] {name}/{name}.vmx"), "config__uuid": string("ABC")}
    return thing(
        "VirtualMachine",
        id,
        name=string(name),
        parent=ref("Folder", "group-v1"),
        runtime__host=ref("HostSystem", host),
        **(made if complete else {}),
        **more,
    )


def tree(*more: tuple[str, str]) -> Objects:
    return dict(
        [
            thing(
                "Folder", "group-d1", name=string("Datacenters"), childType=strings("Folder", "Datacenter")
            ),
            thing(
                "Folder",
                "group-v1",
                name=string("vm"),
                parent=ref("Datacenter", "datacenter-1"),
                childType=strings("Folder", "VirtualMachine", "VirtualApp"),
            ),
            thing(
                "Folder",
                "group-h1",
                name=string("host"),
                parent=ref("Datacenter", "datacenter-1"),
                childType=strings("Folder", "ComputeResource"),
            ),
            thing(
                "Datacenter",
                "datacenter-1",
                name=string("Pitts%2fburgh"),
                parent=ref("Folder", "group-d1"),
                vmFolder=ref("Folder", "group-v1"),
                hostFolder=ref("Folder", "group-h1"),
            ),
            thing(
                "ComputeResource",
                "domain-s1",
                name=string("esx-01"),
                parent=ref("Folder", "group-h1"),
                resourcePool=ref("ResourcePool", "resgroup-1"),
            ),
            thing("HostSystem", "host-1", name=string("esx-01"), parent=ref("ComputeResource", "domain-s1")),
            thing(
                "ResourcePool",
                "resgroup-1",
                name=string("Resources"),
                parent=ref("ComputeResource", "domain-s1"),
            ),
            *more,
        ]
    )


async def captured(
    site: Site, settings: Settings, said: list[str] | None = None, profile: str = "recovery"
) -> Snapshot:
    lines = said if said is not None else []
    return await VSpherePlatform().capture(site, settings, profile, lines.append)


async def test_names_stay_as_the_server_gives_them(peer: SoapPeer, site: Site, settings: Settings) -> None:
    InventoryPeer(peer, tree(guest(name="[x] &lt;b&gt; %5c &#x202e;")))
    snapshot = await captured(site, settings)
    assert snapshot.datacenters[0].name == "Pitts%2fburgh"
    assert snapshot.virtual_machines[0].name == "[x] <b> %5c \u202e"
    assert snapshot.consistent
    assert (snapshot.site, snapshot.profile) == ("pittsburgh", "recovery")


async def test_a_host_that_stands_alone(peer: SoapPeer, site: Site, settings: Settings) -> None:
    InventoryPeer(peer, tree())
    snapshot = await captured(site, settings)
    assert snapshot.hosts[0].parent == "group-h1"
    assert snapshot.resource_pools[0].parent == "host-1"
    assert {folder.type for folder in snapshot.folders} == {"datacenter", "vm", "host"}


async def test_pages_are_followed_to_the_last(peer: SoapPeer, site: Site, settings: Settings) -> None:
    inventory = InventoryPeer(peer, tree(*(guest(f"vm-{i}", f"web-{i}") for i in range(20))))
    inventory.page = 4
    snapshot = await captured(site, settings)
    assert len(snapshot.virtual_machines) == 20
    assert peer.count("ContinueRetrievePropertiesEx") == 6


async def test_an_expired_session_between_pages_starts_the_reading_again(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    inventory = InventoryPeer(peer, tree(*(guest(f"vm-{i}", f"web-{i}") for i in range(20))))
    inventory.page = 10
    going_on = peer.answers["ContinueRetrievePropertiesEx"]

    def lose_it(handler: object, request: str) -> str | None:
        if peer.count("Login") == 1:
            return fault("NotAuthenticated")
        if peer.count("ContinueRetrievePropertiesEx") == 2:
            return fault("InvalidArgument", fields="<invalidProperty>token</invalidProperty>")
        return going_on(handler, request)  # type: ignore[arg-type]  # passed on as it came

    peer.answers["ContinueRetrievePropertiesEx"] = lose_it
    snapshot = await captured(site, settings)
    assert len(snapshot.virtual_machines) == 20
    assert peer.count("Login") == 2


async def test_what_dangles_is_fetched_again_until_it_does_not(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    moved = tree(guest(host="host-1"))
    InventoryPeer(peer, tree(guest(host="host-gone")), tree(guest(host="host-gone")), moved)
    said: list[str] = []
    snapshot = await captured(site, settings, said)
    assert snapshot.consistent
    assert snapshot.virtual_machines[0].host == "host-1"
    assert sum("fetching them again" in line for line in said) == 2


async def test_what_dangles_for_good_makes_the_snapshot_inconsistent(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    InventoryPeer(peer, tree(guest(host="host-gone")))
    said: list[str] = []
    snapshot = await captured(site, settings, said)
    assert not snapshot.consistent
    assert snapshot.dangling == ("virtualMachine[vm-1].host → host-gone",)
    assert sum("fetching them again" in line for line in said) == taking.ROUNDS


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (guest(host="resgroup-1"), "virtualMachine[vm-1].host → resgroup-1"),
        (
            thing("Network", "network-1", name=string("VM Network"), parent=ref("Folder", "")),
            "network[network-1].parent → (nothing)",
        ),
    ],
    ids=["an object of another kind", "a required one is empty"],
)
async def test_what_the_schema_would_refuse_is_inconsistent_and_can_be_stored(
    peer: SoapPeer, site: Site, settings: Settings, tmp_path: Path, broken: tuple[str, str], said: str
) -> None:
    InventoryPeer(peer, tree(broken))
    snapshot = await captured(site, settings)
    assert (snapshot.consistent, snapshot.dangling) == (False, (said,))
    with pytest.raises(InvalidDocument):
        read_snapshot(write_snapshot(msgspec.structs.replace(snapshot, consistent=True, dangling=())))
    repository = Repository(f"sqlite:///{tmp_path / 'repository.db'}")
    entry = repository.add(write_snapshot(snapshot))
    repository.close()
    assert (entry.consistent, entry.verified) == (False, "")


async def test_a_guest_that_is_gone_meanwhile_is_dropped(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    InventoryPeer(peer, tree(guest(host="host-gone")), tree())
    snapshot = await captured(site, settings)
    assert snapshot.virtual_machines == ()
    assert snapshot.consistent


async def test_a_guest_that_is_being_created_is_waited_for(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    InventoryPeer(peer, tree(guest(complete=False)), tree(guest()))
    assert len((await captured(site, settings)).virtual_machines) == 1


async def test_a_guest_without_configuration_is_left_out_and_said(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    InventoryPeer(peer, tree(guest(), guest("vm-2", "half", complete=False)))
    said: list[str] = []
    snapshot = await captured(site, settings, said)
    assert [found.id for found in snapshot.virtual_machines] == ["vm-1"]
    assert any("half (vm-2) has no configuration" in line for line in said)
    assert snapshot.consistent


async def test_a_property_that_an_older_server_lacks_is_left_away_and_said(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    inventory = InventoryPeer(peer, tree(guest()))
    inventory.unknown = {"config.keyId"}
    said: list[str] = []
    snapshot = await captured(site, settings, said)
    assert len(snapshot.virtual_machines) == 1
    assert any("does not know config.keyId" in line for line in said)


async def test_a_property_that_is_needed_is_not_left_away(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    InventoryPeer(peer, tree()).unknown = {"config.network.pnic"}
    with pytest.raises(Fault, match=r"config\.network\.pnic"):
        await captured(site, settings)


async def test_a_reply_with_a_document_type_is_refused(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    InventoryPeer(peer, tree())
    bomb = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    peer.answers["RetrievePropertiesEx"] = lambda handler, _request: handler.raw(bomb, 200, len(bomb))
    with pytest.raises(Unreachable, match="plain XML"):
        await captured(site, settings)


async def test_a_profile_leaves_its_elements_out_of_requests_and_of_the_document(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    noted = guest(config__annotation=string("call Anna"), config__guestId=string("debian12_64Guest"))
    InventoryPeer(peer, tree(noted))
    lean_toml = 'name = "lean"\n[elements]\nleave_out = ["virtualMachine.annotation", "host.dns"]\n'
    Path(settings.path).with_name("lean.toml").write_text(lean_toml)
    whole, lean = await captured(site, settings), await captured(site, settings, profile="lean.toml")
    assert (whole.virtual_machines[0].annotation, lean.virtual_machines[0].annotation) == ("call Anna", "")
    assert lean.virtual_machines[0].guest_os == "debian12_64Guest"
    asked = [request for request in peer.requests if "RetrievePropertiesEx" in request]
    assert ">config.annotation<" in asked[0]
    assert ">config.network.dnsConfig<" in asked[0]
    assert ">config.annotation<" not in asked[-1]
    assert ">config.network.dnsConfig<" not in asked[-1]
    assert ">config.guestId<" in asked[-1]


async def test_what_the_configuration_says_is_in_the_snapshot(
    peer: SoapPeer, site: Site, settings: Settings, endpoint: Endpoint
) -> None:
    mounts = (
        '<val xsi:type="ArrayOfDatastoreHostMount"><DatastoreHostMount><key type="HostSystem">host-1</key>'
        "<mountInfo><path>/vmfs/volumes/x</path><accessMode>readWrite</accessMode></mountInfo>"
        "</DatastoreHostMount></val>"
    )
    datastore = thing(
        "Datastore", "datastore-1", name=string("gold"), parent=ref("Folder", "group-h1"), host=mounts
    )
    InventoryPeer(peer, tree(datastore))
    site = msgspec.structs.replace(
        site,
        groups=(GroupEntry(array="array1", group="g1", volumes=("v1", "v2"), datastore="gold"),),
        physical_servers=(PhysicalServer(id="db-01", name="db-01"),),
    )
    settings = msgspec.structs.replace(
        settings,
        arrays={
            "array1": Array(
                place=ArrayPlace(name="array1", driver="http", side="protected"), endpoint=endpoint
            ),
            "r1": Array(
                place=ArrayPlace(name="r1", driver="http", side="recovery", peer="array1"), endpoint=endpoint
            ),
        },
    )
    snapshot = await captured(site, settings)
    assert [volume.id for volume in snapshot.volumes] == ["array1/v1", "array1/v2"]
    assert snapshot.datastores[0].volumes == ("array1/v1", "array1/v2")
    assert [(a.name, a.side, a.hosts) for a in snapshot.storage_arrays] == [
        ("array1", "protected", ("host-1",)),
        ("r1", "recovery", ()),
    ]
    assert [server.name for server in snapshot.physical_servers] == ["db-01"]


async def test_the_management_server_that_is_a_guest_of_its_own_site(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    card = (
        '<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualVmxnet3"><key>4000</key>'
        "<deviceInfo><label>Network adapter 1</label></deviceInfo><macAddress>00:50:56:AA:BB:CC</macAddress>"
        "</VirtualDevice></val>"
    )
    net = (
        '<val xsi:type="ArrayOfGuestNicInfo"><GuestNicInfo><ipAddress>10.0.10.5</ipAddress>'
        "<deviceConfigId>4000</deviceConfigId><ipConfig><ipAddress><ipAddress>10.0.10.5</ipAddress>"
        "<prefixLength>24</prefixLength></ipAddress></ipConfig></GuestNicInfo></val>"
    )
    stack = (
        '<val xsi:type="ArrayOfGuestStackInfo"><GuestStackInfo><dnsConfig><ipAddress>10.0.10.2</ipAddress>'
        "</dnsConfig><ipRouteConfig><ipRoute><network>0.0.0.0</network><prefixLength>0</prefixLength>"
        "<gateway><ipAddress>10.0.10.1</ipAddress><device>0</device></gateway></ipRoute></ipRouteConfig>"
        "</GuestStackInfo></val>"
    )
    own = guest(
        "vm-9",
        "vc-01",
        config__hardware__device=card,
        config__hardware__numCPU='<val xsi:type="xsd:int">4</val>',
        guest__hostName=string("vc-01.example"),
        guest__net=net,
        guest__ipStack=stack,
    )
    options = {"VirtualCenter.FQDN": "vc-01.example", "VirtualCenter.ManagedIP": "10.0.10.5"}
    InventoryPeer(peer, tree(guest(), own), options=options)
    server = (await captured(site, settings)).management_server
    assert server is not None
    assert (server.guest, server.name, server.hostname, server.cpus) == ("vm-9", "vc-01", "vc-01.example", 4)
    assert server.dns_servers == ("10.0.10.2",)
    (interface,) = server.interfaces
    assert (interface.mac, interface.gateway) == ("00:50:56:aa:bb:cc", "10.0.10.1")
    assert [(a.ip, a.prefix) for a in interface.addresses] == [("10.0.10.5", 24)]


async def test_the_management_server_elsewhere_keeps_the_address_that_it_tells(
    peer: SoapPeer, site: Site, settings: Settings
) -> None:
    options = {"VirtualCenter.FQDN": "vc.example", "VirtualCenter.ManagedIP": "10.9.9.9"}
    InventoryPeer(peer, tree(guest()), options=options)
    server = (await captured(site, settings)).management_server
    assert server is not None
    assert (server.name, server.guest, server.version) == ("vc.example", "", "8.0.3")
    assert server.interfaces[0].addresses[0].ip == "10.9.9.9"
