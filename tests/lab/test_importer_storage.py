"""Replicated storage under the recovered hosts: resignatured in a drill, kept as it is in a real run."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from drconsole.errors import DRConsoleError
from drconsole.lab.world.vim.esxi.datastore import Datastore
from drconsole.lab.world.vim.vcenter.server import VCenter
from drconsole.model.inventory import Mount, Snapshot
from drconsole.planning import keys
from tests.lab.importing import Recovery, open_recovery

BLOCK = ("ds-prod-1", "ds-prod-2", "ds-prod-3")
FILES = ("ds-files-1", "ds-files-2")


async def mounted(recovery: Recovery) -> None:
    await recovery.run(*(keys.datastore_mounted(name) for name in (*BLOCK, *FILES)))
    assert recovery.failed == {}


def datastores(recovery: Recovery) -> dict[str, Datastore]:
    endpoint = recovery.management.endpoint
    assert isinstance(endpoint, VCenter)
    return {store.name: store for store in endpoint.of(Datastore) if store.name in (*BLOCK, *FILES)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drill(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Recovery]:
    """A drill whose datastores are mounted; these tests only look at it."""
    async with open_recovery(tmp_path_factory.mktemp("storage"), hosts=3, guests=6) as recovery:
        await mounted(recovery)
        yield recovery


@pytest.mark.asyncio(loop_scope="module")
async def test_in_a_drill_each_volume_is_resignatured_once_and_found_by_the_others(drill: Recovery) -> None:
    stores = datastores(drill)
    assert set(stores) == {*BLOCK, *FILES}
    captured = {store.name: store for store in drill.plan.snapshot.datastores}
    for name in BLOCK:
        info = stores[name].value("info").vmfs
        assert info.uuid != captured[name].vmfs_uuid
        assert info.name == name
        assert len(stores[name].value("host")) == 3
    mounts = Counter(drill.effects("mount"))
    assert len(mounts) == 5 * 3
    assert set(mounts.values()) == {1}
    assert len({detail["datastore"] for detail in mount_details(drill, "r1/")}) == len(BLOCK)


def mount_details(recovery: Recovery, volume: str) -> list[dict[str, str]]:
    entries = recovery.lab.world.ledger.of("mount")
    return [dict(entry.detail) for entry in entries if entry.detail["volume"].startswith(volume)]


@pytest.mark.asyncio(loop_scope="module")
async def test_nfs_is_mounted_by_the_same_bytes_on_every_host(drill: Recovery) -> None:
    for name in FILES:
        assert len(datastores(drill)[name].value("host")) == 3
        nas = datastores(drill)[name].value("info").nas
        presented = drill.results[keys.presented("array2/prod-files")]["volumes"]
        wanted = {(item["nfs_host"], item["nfs_path"]) for item in presented}
        assert (nas.remoteHost, nas.remotePath) in wanted


@pytest.mark.asyncio(loop_scope="module")
async def test_storage_is_rescanned_once_a_host_after_everything_was_presented(drill: Recovery) -> None:
    entries = drill.lab.world.ledger.entries
    last = max(n for n, e in enumerate(entries) if e.effect == "present" and e.object.startswith("r1/"))
    # Every host has rescanned when it booted, long before.
    after = Counter(e.object for e in entries[last:] if e.effect == "rescan")
    assert sorted(after.values()) == [1, 1, 1]


async def test_a_real_run_keeps_every_volumes_name_and_uuid_on_all_hosts(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, "disaster", hosts=3, guests=6) as recovery:
        await mounted(recovery)
        captured = {store.name: store for store in recovery.plan.snapshot.datastores}
        for name in BLOCK:
            store = datastores(recovery)[name]
            assert store.value("info").vmfs.uuid == captured[name].vmfs_uuid
            assert len(store.value("host")) == 3
        assert not [o for e, o in recovery.effects("update") if "/datastore/" in o]


def read_only_on_one(snapshot: Snapshot) -> Snapshot:
    """One host had the files read-only."""
    first = snapshot.hosts[0].id

    def changed(mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
        return tuple(msgspec.structs.replace(m, access="readOnly") if m.host == first else m for m in mounts)

    stores = tuple(
        msgspec.structs.replace(s, mounts=changed(s.mounts)) if s.name in FILES else s
        for s in snapshot.datastores
    )
    return msgspec.structs.replace(snapshot, datastores=stores)


async def test_a_mount_that_was_read_only_is_so_again(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, change=read_only_on_one, hosts=2, guests=6) as recovery:
        await recovery.run(keys.datastore_mounted(FILES[0]))
        assert recovery.failed == {}
        first = recovery.results[keys.host_added(recovery.plan.snapshot.hosts[0].name)]["moids"]
        modes = {
            mount.key._moId: mount.mountInfo.accessMode
            for mount in datastores(recovery)[FILES[0]].value("host")
        }
        assert sorted(modes.values()) == ["readOnly", "readWrite"]
        assert modes[next(iter(first.values()))] == "readOnly"


async def test_a_volume_that_is_not_presented_is_said_and_a_retry_mounts_it(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, hosts=2, guests=6) as recovery:
        key = keys.datastore_mounted("ds-prod-2")
        presented = keys.presented("array1/prod-block")
        await recovery.run(presented)
        real = recovery.results[presented]
        told = [{**v, "naa": "f" * 32} if v["volume"] == "vol2" else v for v in real["volumes"]]
        recovery.results[presented] = {"volumes": told}
        await recovery.run(*(step.key for step in recovery.of("add-host")))
        rescan = next(s.key for s in recovery.of("rescan"))
        await recovery.run(rescan)
        failure = recovery.failed[rescan]
        assert isinstance(failure, DRConsoleError)
        recovery.results[presented] = real
        recovery.failed.clear()
        await recovery.run(key)
        assert recovery.failed == {}
