"""Fragments as servers write them, and the values that the model makes of them."""

from __future__ import annotations

from lxml import etree

from drconsole.model.inventory import (
    NetworkPolicy,
    SecurityPolicy,
    ShapingPolicy,
    SwitchMember,
    TeamingPolicy,
    VlanRange,
)
from drconsole.platforms.vsphere.capture import cluster, guest, host, network, policy, storage
from drconsole.platforms.vsphere.leaves import Props, Val

_HEAD = 'xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def val(inside: str, wsdl: str = "Any") -> Val:
    return etree.fromstring(f'<val {_HEAD} xsi:type="{wsdl}">{inside}</val>')


def props(**given: str) -> Props:
    return {name.replace("__", "."): val(inside) for name, inside in given.items()}


def test_only_the_link_speed_tells_the_link() -> None:
    facts = host.host(
        props(
            config__network__pnic=(
                "<PhysicalNic><key>key-vim.host.PhysicalNic-vmnic0</key><device>vmnic0</device>"
                "<pci>0000:02:00.0</pci><driver>ixgben</driver><linkSpeed><speedMb>10000</speedMb>"
                "<duplex>true</duplex></linkSpeed><mac>AA:BB:CC:00:00:01</mac></PhysicalNic>"
                "<PhysicalNic><device>vmnic1</device><spec><linkSpeed><speedMb>10000</speedMb>"
                "<duplex>true</duplex></linkSpeed></spec><mac>aa:bb:cc:00:00:02</mac></PhysicalNic>"
            )
        )
    )
    up, down = facts["physical_nics"]
    assert (up.name, up.mac, up.link, up.speed_mbit, up.driver) == (
        "vmnic0",
        "aa:bb:cc:00:00:01",
        "up",
        10000,
        "ixgben",
    )
    assert (down.link, down.speed_mbit) == ("down", 0)


def test_a_world_wide_name_is_a_signed_number_on_the_wire() -> None:
    facts = host.host(
        props(
            config__storageDevice__hostBusAdapter=(
                '<HostHostBusAdapter xsi:type="HostFibreChannelHba"><device>vmhba2</device>'
                "<model> QLogic </model><portWorldWideName>2377900762152687662</portWorldWideName>"
                "<nodeWorldWideName>-1</nodeWorldWideName></HostHostBusAdapter>"
                '<HostHostBusAdapter xsi:type="HostInternetScsiHba"><device>vmhba64</device>'
                "<iScsiName>iqn.1998-01.com.vmware:esx-01</iScsiName><isSoftwareBased>true</isSoftwareBased>"
                "</HostHostBusAdapter>"
            )
        )
    )
    fibre, iscsi = facts["storage_adapters"]
    assert (fibre.type, fibre.wwpn, fibre.wwnn) == ("fibreChannel", "21000024ff3dd82e", "f" * 16)
    assert (iscsi.type, iscsi.iqn, iscsi.software) == ("iscsi", "iqn.1998-01.com.vmware:esx-01", True)


def test_a_serial_number_of_an_older_server_is_among_the_identifying_information() -> None:
    info = (
        "<otherIdentifyingInfo><identifierValue> CZ123 </identifierValue>"
        "<identifierType><key>ServiceTag</key></identifierType></otherIdentifyingInfo>"
    )
    system = f"<vendor>HPE</vendor><uuid>ABCD</uuid>{info}"
    assert host.host(props(hardware__systemInfo=system))["hardware"].serial == "CZ123"
    newer = f"{system}<serialNumber>SN9</serialNumber>"
    assert host.host(props(hardware__systemInfo=newer))["hardware"].serial == "SN9"


def test_a_vmkernel_interface_has_its_services_and_its_distributed_port_group() -> None:
    facts = host.host(
        props(
            config__network__vnic=(
                "<HostVirtualNic><device>vmk1</device><key>key-vim.host.VirtualNic-vmk1</key>"
                "<portgroup></portgroup><spec><ip><dhcp>false</dhcp><ipAddress>10.0.20.4</ipAddress>"
                "<subnetMask>255.255.255.0</subnetMask></ip><mac>00:50:56:00:00:01</mac>"
                "<distributedVirtualPort><portgroupKey>dvportgroup-7</portgroupKey></distributedVirtualPort>"
                "<mtu>9000</mtu><netStackInstanceKey>vmotion</netStackInstanceKey></spec></HostVirtualNic>"
            ),
            config__virtualNicManagerInfo__netConfig=(
                "<VirtualNicManagerNetConfig><nicType>vmotion</nicType><candidateVnic><device>vmk1</device>"
                "<key>VirtualNic-vmk1</key></candidateVnic><selectedVnic>VirtualNic-vmk1</selectedVnic>"
                "</VirtualNicManagerNetConfig><VirtualNicManagerNetConfig><nicType>management</nicType>"
                "</VirtualNicManagerNetConfig>"
            ),
        )
    )
    (nic,) = facts["virtual_nics"]
    assert (nic.name, nic.ip, nic.mtu, nic.tcp_ip_stack) == ("vmk1", "10.0.20.4", 9000, "vmotion")
    assert (nic.distributed_port_group, nic.services) == ("dvportgroup-7", ("vmotion",))


def test_the_default_route_and_those_that_come_by_themselves_are_no_static_routes() -> None:
    def route(network_: str, prefix: int, gateway: str) -> str:
        return (
            f"<ipRoute><network>{network_}</network><prefixLength>{prefix}</prefixLength>"
            f"<gateway>{gateway}</gateway></ipRoute>"
        )

    table = (
        route("0.0.0.0", 0, "10.0.0.1") + route("10.0.0.0", 24, "0.0.0.0") + route("10.9.0.0", 16, "10.0.0.9")
    )
    facts = host.host(props(config__network__routeTableInfo=table))
    assert [(r.network, r.prefix, r.gateway) for r in facts["routes"]] == [("10.9.0.0", 16, "10.0.0.9")]


def test_a_standard_switch_keeps_the_order_of_its_bridge() -> None:
    facts = host.host(
        props(
            config__network__vswitch=(
                "<HostVirtualSwitch><name>vSwitch0</name><numPorts>2560</numPorts><mtu>9000</mtu>"
                "<pnic>key-vim.host.PhysicalNic-vmnic0</pnic><spec><numPorts>128</numPorts>"
                "<bridge><nicDevice>vmnic2</nicDevice><nicDevice>vmnic0</nicDevice>"
                "<linkDiscoveryProtocolConfig><protocol>cdp</protocol><operation>both</operation>"
                "</linkDiscoveryProtocolConfig></bridge></spec></HostVirtualSwitch>"
            )
        )
    )
    (switch,) = facts["virtual_switches"]
    assert (switch.nics, switch.mtu, switch.ports) == (("vmnic2", "vmnic0"), 9000, 128)
    assert (switch.link_discovery, switch.link_discovery_operation) == ("cdp", "both")


def test_a_standard_policy_says_only_what_it_sets() -> None:
    found = policy.standard(
        val(
            "<security><allowPromiscuous>false</allowPromiscuous></security><nicTeaming><nicOrder>"
            "<activeNic>vmnic1</activeNic><standbyNic>vmnic0</standbyNic></nicOrder></nicTeaming>"
        )
    )
    assert found == NetworkPolicy(
        security=SecurityPolicy(allow_promiscuous=False),
        teaming=TeamingPolicy(active_nics=("vmnic1",), standby_nics=("vmnic0",)),
    )
    assert policy.standard(val("")) is None


def test_what_a_distributed_port_group_inherits_is_not_its_own() -> None:
    own = "<inherited>false</inherited>"
    found = policy.distributed(
        val(
            f"<securityPolicy>{own}<allowPromiscuous>{own}<value>true</value></allowPromiscuous>"
            "<macChanges><inherited>true</inherited><value>true</value></macChanges></securityPolicy>"
            f"<uplinkTeamingPolicy><inherited>true</inherited><policy>{own}<value>x</value></policy>"
            f"</uplinkTeamingPolicy><outShapingPolicy>{own}<enabled>{own}<value>true</value></enabled>"
            f"<averageBandwidth>{own}<value>1000</value></averageBandwidth></outShapingPolicy>"
        )
    )
    assert found == NetworkPolicy(
        security=SecurityPolicy(allow_promiscuous=True), shaping=ShapingPolicy(enabled=True, average=1000)
    )


def test_vlans_of_distributed_port_groups() -> None:
    def vlan(kind: str, inside: str) -> dict[str, object]:
        setting = f'<vlan xsi:type="VmwareDistributedVirtualSwitch{kind}">{inside}</vlan>'
        return network.port_group(props(config__defaultPortConfig=setting))

    assert vlan("VlanIdSpec", "<vlanId>20</vlanId>")["vlan"] == 20
    assert vlan("PvlanSpec", "<pvlanId>30</pvlanId>")["private_vlan"] == 30
    trunk = vlan("TrunkVlanSpec", "<vlanId><start>1</start><end>9</end></vlanId>")
    assert trunk["trunk"] == (VlanRange(first=1, last=9),)


def test_members_of_a_distributed_switch_in_the_order_of_its_uplink_ports() -> None:
    def pnic(device: str, port: int) -> str:
        return f"<pnicSpec><pnicDevice>{device}</pnicDevice><uplinkPortKey>{port}</uplinkPortKey></pnicSpec>"

    config = (
        '<uuid>50</uuid><host><config><host type="HostSystem">host-1</host><backing>'
        f"{pnic('vmnic3', 10)}{pnic('vmnic5', 9)}</backing></config></host><maxMtu>9000</maxMtu>"
        "<uplinkPortPolicy><uplinkPortName>Uplink 1</uplinkPortName></uplinkPortPolicy>"
        '<uplinkPortgroup type="DistributedVirtualPortgroup">dvportgroup-1</uplinkPortgroup>'
    )
    facts = network.switch(props(config=config))
    assert facts["members"] == (SwitchMember(host="host-1", nics=("vmnic5", "vmnic3")),)
    assert (facts["mtu"], facts["uplinks"], facts["_uplink_groups"]) == (
        9000,
        ("Uplink 1",),
        ("dvportgroup-1",),
    )


def test_rules_and_groups_of_a_cluster() -> None:
    settings = (
        "<drsConfig><enabled>true</enabled><defaultVmBehavior>manual</defaultVmBehavior>"
        "<vmotionRate>4</vmotionRate></drsConfig>"
        '<dasConfig><enabled>true</enabled><admissionControlPolicy xsi:type="ClusterFailoverLevelAdmission'
        'ControlPolicy"><failoverLevel>2</failoverLevel></admissionControlPolicy></dasConfig>'
        '<group xsi:type="ClusterVmGroup"><name>dbs</name><vm type="VirtualMachine">vm-2</vm>'
        '<vm type="VirtualMachine">vm-1</vm></group>'
        '<rule xsi:type="ClusterAntiAffinityRuleSpec"><name>apart</name><enabled>true</enabled>'
        '<vm type="VirtualMachine">vm-1</vm></rule>'
    )
    facts = cluster.cluster(props(name="c", configurationEx=settings))
    assert (facts["drs"].automation, facts["drs"].migration_threshold) == ("manual", 4)
    assert facts["ha"].failover_level == 2
    assert [(g.name, g.type, g.members) for g in facts["groups"]] == [("dbs", "vm", ("vm-1", "vm-2"))]
    assert [(r.name, r.type, r.guests) for r in facts["rules"]] == [("apart", "antiAffinity", ("vm-1",))]


def test_datastores_on_vmfs_and_nfs() -> None:
    vmfs = storage.datastore(
        props(
            info=(
                "<vmfs><uuid>5f-1</uuid><version>6.82</version><local>false</local>"
                "<extent><diskName>naa.6001</diskName><partition>1</partition></extent></vmfs>"
            ),
            summary__capacity=str(5 << 20),
        )
    )
    assert (vmfs["vmfs_uuid"], vmfs["extents"], vmfs["capacity_mib"]) == ("5f-1", ("naa.6001",), 5)
    nas = storage.datastore(
        props(info="<nas><remoteHost>10.0.30.9</remoteHost><remotePath>/e</remotePath></nas>")
    )
    assert (nas["remote_host"], nas["remote_path"], nas["extents"]) == ("10.0.30.9", "/e", ())


def test_devices_that_decide_whether_a_guest_can_be_recovered() -> None:
    devices = (
        '<VirtualDevice xsi:type="VirtualDisk"><key>2000</key><backing xsi:type="VirtualDiskRawDiskMapping'
        'Ver1BackingInfo"><fileName>[ds] a/a.vmdk</fileName><lunUuid>0200000000600601600cb0aabbccdd'
        "eeff00112233565241494420</lunUuid><compatibilityMode>physicalMode</compatibilityMode></backing>"
        "<capacityInKB>1024</capacityInKB></VirtualDevice>"
        '<VirtualDevice xsi:type="VirtualTPM"><key>11000</key></VirtualDevice>'
        '<VirtualDevice xsi:type="VirtualPCIPassthrough"><key>13000</key>'
        "<deviceInfo><label>PCI device 0</label></deviceInfo></VirtualDevice>"
        '<VirtualDevice xsi:type="VirtualCdrom"><key>3000</key>'
        "<backing><fileName>[iso] x.iso</fileName></backing></VirtualDevice>"
    )
    facts = guest.guest(props(config__hardware__device=devices, config__ftInfo="<role>2</role>"))
    (disk,) = facts["disks"]
    assert (disk.backing, disk.lun) == ("rdmPhysical", "naa.600601600cb0aabbccddeeff00112233")
    assert (facts["vtpm"], facts["passthrough"], facts["iso_path"]) == (
        True,
        ("PCI device 0",),
        "[iso] x.iso",
    )
    assert facts["fault_tolerance"] == "secondary"
    assert not facts["_complete"]


def test_what_a_nic_is_attached_to() -> None:
    def attached(backing: str) -> str:
        inside = f"<key>4000</key><backing>{backing}</backing>"
        device = f'<VirtualDevice xsi:type="VirtualE1000">{inside}</VirtualDevice>'
        (nic,) = guest.guest(props(config__hardware__device=device))["network_interfaces"]
        return str(nic.network)

    assert attached("<port><portgroupKey>dvportgroup-3</portgroupKey></port>") == "dvportgroup-3"
    assert (
        attached('<deviceName>VM Network</deviceName><network type="Network">network-1</network>')
        == "network-1"
    )
    assert attached("<deviceName>VM Network</deviceName>") == "name:VM Network"
    assert attached("") == ""
