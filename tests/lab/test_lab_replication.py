"""Arrays replicate by themselves; halt, promote, clone and present keep their order."""

from __future__ import annotations

import asyncio

import pytest

from drconsole.lab.build.physical import start_replication
from drconsole.lab.world.arrays import Array, ArrayError
from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.volumes import Volume
from drconsole.lab.world.world import World
from tests.lab.bare_world import bare_world

GROUP = "prod-block"


def _replicating() -> tuple[VirtualClock, World, Array]:
    clock = VirtualClock()
    world = bare_world(clock)
    start_replication(world)
    return clock, world, world.arrays["r1"]


def _source(world: World) -> Volume:
    return world.arrays["array1"].volumes["vol1"]


def _replica(world: World) -> Volume:
    return world.arrays["r1"].volumes["vol1-replica"]


async def test_what_is_written_arrives_within_an_interval_and_is_in_the_ledger_once_each() -> None:
    clock, world, array = _replicating()
    _source(world).write("web-01/web-01.vmx", b"memsize = 1")
    await clock.advance(25)
    assert _replica(world).read("web-01/web-01.vmx") == b"memsize = 1"
    assert len(world.ledger.of("write-volume", "r1/vol1-replica")) == 2
    assert (clock.now() - array.groups[GROUP].point_in_time).total_seconds() == pytest.approx(5)
    await world.close()


async def test_a_replica_is_not_written_by_anybody_else() -> None:
    _, world, _ = _replicating()
    with pytest.raises(PermissionError):
        _replica(world).write("x", b"")
    await world.close()


async def test_writes_after_the_halt_do_not_arrive() -> None:
    clock, world, array = _replicating()
    await clock.run(array.halt(GROUP, token="run-1/halt"))
    point, block = array.groups[GROUP].point_in_time, _replica(world).block
    _source(world).write("late", b"late")
    await clock.advance(120)
    assert not _replica(world).exists("late")
    assert (array.groups[GROUP].point_in_time, _replica(world).block) == (point, block)
    assert _source(world).block > block, "the source goes on writing"
    await world.close()


async def test_each_verb_may_be_repeated_and_happens_once() -> None:
    clock, world, array = _replicating()
    for _ in range(2):
        await clock.run(array.halt(GROUP, token="run-1/halt"))
    for _ in range(2):
        await clock.run(array.promote(GROUP, token="run-1/promote"))
    for _ in range(2):
        await clock.run(array.present("vol1-replica", ["2100000000000001"]))
    effects = [e.effect for e in world.ledger.entries if e.effect != "write-volume"]
    assert effects == ["halt", "promote", "present"]
    _replica(world).write("ours", b"now")
    await world.close()


async def test_promotion_only_from_halted() -> None:
    clock, world, array = _replicating()
    with pytest.raises(ArrayError) as refused:
        await clock.run(array.promote(GROUP, token="run-1/promote"))
    assert refused.value.code == "FAILED_PRECONDITION"
    await world.close()


@pytest.mark.parametrize("halted", [False, True])
async def test_nothing_is_presented_before_promotion(halted: bool) -> None:
    clock, world, array = _replicating()
    if halted:
        await clock.run(array.halt(GROUP, token="run-1/halt"))
    with pytest.raises(ArrayError) as refused:
        await clock.run(array.present("vol1-replica", ["2100000000000001"]))
    assert refused.value.code == "FAILED_PRECONDITION"
    assert world.ledger.of("present") == []
    await world.close()


async def test_a_clone_is_one_instant_while_replication_goes_on() -> None:
    clock, world, array = _replicating()
    await clock.advance(11)
    clone = await clock.run(array.clone(GROUP, token="run-1/clone", label="drill"))
    again = await clock.run(array.clone(GROUP, token="run-1/clone", label="drill"))
    assert clone is again
    blocks = {volume.block for volume in clone.volumes}
    await clock.advance(60)
    assert _replica(world).block > max(blocks)
    assert {volume.block for volume in clone.volumes} == blocks
    assert array.groups[GROUP].state == "target"
    assert len({volume.naa for volume in array.volumes.values()}) == 6, "a clone has an identity of its own"
    await world.close()


async def test_a_clone_is_writable_and_its_origin_is_not_touched() -> None:
    clock, world, array = _replicating()
    clone = await clock.run(array.clone(GROUP, token="run-1/clone", label="drill"))
    clone.volumes[0].write("drill", b"x")
    assert not _replica(world).exists("drill")
    await clock.run(array.present(clone.volumes[0].id, ["2100000000000001"]))
    array.drop_clone(GROUP, clone.handle)
    array.drop_clone(GROUP, clone.handle)
    assert set(array.volumes) == {"vol1-replica", "vol2-replica", "vol3-replica"}
    assert len(world.ledger.of("unpresent")) == 1
    await world.close()


async def test_a_site_that_is_gone_sends_nothing_and_confirms_nothing() -> None:
    clock, world, array = _replicating()
    await clock.advance(11)
    world.start_fault("site-gone")
    before = len(world.ledger.of("write-volume"))
    await clock.advance(60)
    assert len(world.ledger.of("write-volume")) == before
    group = await clock.run(array.halt(GROUP, token="run-1/halt"))
    assert (group.state, group.source_confirmed) == ("halted", False)
    await world.close()


async def test_one_volume_that_refuses_leaves_the_group_partial_until_it_is_halted_again() -> None:
    clock, world, array = _replicating()
    world.start_fault("array-refuses", times=1, array="r1", verb="halt", volume="vol2-replica")
    group = await clock.run(array.halt(GROUP, token="run-1/halt"))
    assert group.state == "partial"
    assert [bool(member.error) for member in group.members] == [False, True, False]
    with pytest.raises(ArrayError):
        await clock.run(array.promote(GROUP, token="run-1/promote"))
    assert (await clock.run(array.halt(GROUP, token="run-1/halt"))).state == "halted"
    assert len(world.ledger.of("halt")) == 1
    await world.close()


async def test_a_refused_verb_has_no_effect() -> None:
    clock, world, array = _replicating()
    world.start_fault("array-refuses", times=1, array="r1", verb="clone")
    with pytest.raises(ArrayError) as refused:
        await clock.run(array.clone(GROUP, token="t", label="l"))
    assert refused.value.code == "REFUSED"
    assert world.faults.all() == ()
    assert (await clock.run(array.clone(GROUP, token="t", label="l"))).volumes
    await world.close()


async def test_a_second_operation_on_a_busy_group_backs_off() -> None:
    clock, world, array = _replicating()

    async def both() -> ArrayError:
        first = asyncio.ensure_future(array.halt(GROUP, token="a"))
        await asyncio.sleep(0)
        with pytest.raises(ArrayError) as refused:
            await array.halt(GROUP, token="b")
        await first
        return refused.value

    assert (await clock.run(both())).code == "ABORTED"
    await world.close()


async def test_copies_share_what_is_equal() -> None:
    clock, world, _ = _replicating()
    _source(world).write("big", bytes(1000))
    await clock.advance(11)
    assert _replica(world).read("big") is _source(world).read("big")
    await world.close()
