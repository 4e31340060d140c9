"""Snapshots in the repository: named by their bytes, proven at every read."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace

from drconsole.documents import write_host_mapping, write_snapshot
from drconsole.documents.leaves import values
from drconsole.documents.search import may_hold
from drconsole.errors import DRConsoleError, InvalidDocument, Refused, UnknownName, UsageError
from drconsole.repository import Hit, Repository
from drconsole.repository.choosing import chosen
from drconsole.repository.frames import identity
from tests.unit.inventories.rich import guest, rich_mapping, rich_snapshot
from tests.unit.planning_site import small_site


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "repository.db"


@pytest.fixture
def repository(file: Path) -> Iterator[Repository]:
    opened = Repository(f"sqlite:///{file}")
    yield opened
    opened.close()


def hourly(hour: int, *, site: str = "pittsburgh", guests: int = 60) -> bytes:
    """The document of a site of 60 guests at one hour: one guest's memory changes from hour to hour."""
    snapshot = rich_snapshot(
        guests=guests, site=site, taken=f"2026-11-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"
    )
    first, *others = snapshot.virtual_machines
    changed = replace(first, memory_mib=1024 + hour)
    return write_snapshot(replace(snapshot, virtual_machines=(changed, *others)))


def flip(file: Path, id_: str, column: str = "data") -> None:
    """Flips one bit in the middle of a frame, in the database itself."""
    with closing(sqlite3.connect(file)) as raw, raw:
        (frame,) = raw.execute(f"SELECT {column} FROM frame WHERE snapshot = ?", (id_,)).fetchone()
        middle = len(frame) // 2
        damaged = frame[:middle] + bytes([frame[middle] ^ 1]) + frame[middle + 1 :]
        raw.execute(f"UPDATE frame SET {column} = ? WHERE snapshot = ?", (damaged, id_))


def test_an_added_snapshot_is_verified_and_comes_back_byte_for_byte(repository: Repository) -> None:
    data = hourly(8)
    entry = repository.add(data)
    assert entry.id == identity(data)
    assert (entry.site, entry.hosts, entry.guests, entry.size) == ("pittsburgh", 2, 60, len(data))
    assert entry.verified.endswith("Z")
    assert entry.stored_size < entry.size
    assert repository.get(entry.id).data == data
    assert repository.entries() == (entry,)


def test_the_same_bytes_twice_are_one_entry(repository: Repository) -> None:
    first, second = repository.add(hourly(8)), repository.add(hourly(8))
    assert first.id == second.id
    assert len(repository.entries()) == 1


def test_what_is_no_snapshot_is_not_stored(repository: Repository) -> None:
    with pytest.raises(InvalidDocument, match=r"mapping\.xml"):
        repository.add(write_host_mapping(rich_mapping()), "mapping.xml")
    with pytest.raises(InvalidDocument):
        repository.add(hourly(1).replace(b'host="host-21"', b'host="host-99"', 1))
    assert repository.entries() == ()


def test_a_moment_that_the_calendar_lacks_is_refused(repository: Repository) -> None:
    with pytest.raises(InvalidDocument, match="no such moment"):
        repository.add(hourly(1).replace(b"2026-11-01", b"2026-02-31"))


def test_entries_stand_oldest_first_whatever_came_in_first(repository: Repository) -> None:
    for hour in (5, 3, 9):
        repository.add(hourly(hour))
    repository.add(hourly(4, site="boston"))
    assert [each.taken[11:13] for each in repository.entries("pittsburgh")] == ["03", "05", "09"]
    assert [each.site for each in repository.entries()].count("boston") == 1
    assert repository.get("latest", "pittsburgh").entry.taken[11:13] == "09"


def test_a_prefix_is_enough_where_it_fits_one(repository: Repository) -> None:
    entry, other = repository.add(hourly(1)), repository.add(hourly(2))
    digits = entry.id.removeprefix("sha256:")
    assert repository.find(digits[:12]) == entry
    assert repository.find(entry.id[:20]) == entry
    assert repository.find(other.id) == other
    with pytest.raises(UnknownName, match="no such snapshot"):
        repository.find("zz")
    with pytest.raises(UnknownName, match="fits 2"):
        repository.find("sha256:")
    with pytest.raises(UnknownName):
        repository.get(entry.id, "boston")


def test_a_day_of_hours_takes_a_key_and_small_deltas(repository: Repository, file: Path) -> None:
    documents = {identity(data): data for data in (hourly(hour) for hour in range(50))}
    for data in documents.values():
        repository.add(data)
    with closing(sqlite3.connect(file)) as raw:
        keys = raw.execute("SELECT count(*) FROM frame WHERE base IS NULL").fetchone()[0]
        longest = raw.execute("SELECT max(n) FROM (SELECT count(*) n FROM frame GROUP BY base)").fetchone()[0]
        deltas = [row[0] for row in raw.execute("SELECT length(data) FROM frame WHERE base IS NOT NULL")]
    assert (keys, longest) == (3, 23)
    assert max(deltas) < 500
    assert all(repository.get(id_).data == data for id_, data in documents.items())


def test_a_flipped_bit_is_found_and_named_and_the_others_stay_readable(
    repository: Repository, file: Path
) -> None:
    ids = [repository.add(hourly(hour)).id for hour in range(6)]
    flip(file, ids[3])
    for read in (repository.get, repository.verify):
        with pytest.raises(InvalidDocument, match="damaged") as caught:
            read(ids[3])
        assert caught.value.about == ids[3]
    assert repository.find(ids[3]).verified == ""
    for id_ in [*ids[:3], *ids[4:]]:
        assert identity(repository.get(id_).data) == id_
        assert repository.verify(id_).verified


def test_the_latest_verified_is_not_the_damaged_one(repository: Repository, file: Path) -> None:
    first, second = repository.add(hourly(1)), repository.add(hourly(2))
    assert repository.latest_verified("pittsburgh").id == second.id
    flip(file, second.id)
    with pytest.raises(InvalidDocument):
        repository.verify(second.id)
    assert repository.latest_verified("pittsburgh").id == first.id
    with pytest.raises(UnknownName, match="no verified snapshot"):
        repository.latest_verified("boston")


def test_a_damaged_key_takes_nothing_along_because_it_stands_twice(
    repository: Repository, file: Path
) -> None:
    ids = [repository.add(hourly(hour)).id for hour in range(4)]
    flip(file, ids[0])
    assert all(identity(repository.get(id_).data) == id_ for id_ in ids)
    with pytest.raises(InvalidDocument, match="damaged"):
        repository.verify(ids[0])
    assert repository.verify(ids[1]).verified
    # What comes next does not lean on a key that is half gone.
    ids.append(repository.add(hourly(4)).id)
    flip(file, ids[0], "spare")
    with pytest.raises(InvalidDocument, match=ids[0]) as caught:
        repository.get(ids[2])
    assert caught.value.about == ids[2]
    assert identity(repository.get(ids[4]).data) == ids[4]


def test_a_row_that_says_something_else_than_its_document_is_found(
    repository: Repository, file: Path
) -> None:
    entry = repository.add(hourly(1))
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("UPDATE snapshot SET profile = 'other'")
    with pytest.raises(InvalidDocument, match="the list says profile other"):
        repository.verify(entry.id)


def test_any_flipped_byte_of_the_database_file_is_an_error_of_ours_or_harmless(tmp_path: Path) -> None:
    first = tmp_path / "good.db"
    opened = Repository(f"sqlite:///{first}")
    ids = [opened.add(hourly(hour)).id for hour in range(3)]
    opened.close()
    good = first.read_bytes()
    for step in range(60):
        file = tmp_path / f"{step}.db"
        position = len(good) * step // 60
        file.write_bytes(good[:position] + bytes([good[position] ^ 0x10]) + good[position + 1 :])
        try:
            damaged = Repository(f"sqlite:///{file}")
        except DRConsoleError:
            continue
        for id_ in ids:
            try:
                assert identity(damaged.get(id_).data) == id_
            except DRConsoleError:
                continue
        damaged.close()


def test_an_inconsistent_snapshot_is_kept_and_never_verified(repository: Repository) -> None:
    snapshot = replace(rich_snapshot(), consistent=False, dangling=("virtualMachine[vm-1].host → host-9",))
    entry = repository.add(write_snapshot(snapshot))
    assert not entry.consistent
    assert repository.verify(entry.id).verified == ""
    with pytest.raises(UnknownName):
        repository.latest_verified("pittsburgh")


def looked_for(repository: Repository, text: str, **which: Any) -> list[Hit]:
    """The hits of a text in the snapshots that are meant, and nothing of the damaged ones."""
    return [hit for entry in chosen(repository.entries(), **which) for hit in repository.look_in(entry, text)]


def test_search_looks_into_the_newest_of_each_site_or_into_all(repository: Repository) -> None:
    gone = replace(rich_snapshot(), virtual_machines=(*rich_snapshot().virtual_machines, guest(777)))
    repository.add(write_snapshot(gone))
    repository.add(hourly(20 * 24))
    repository.add(hourly(1, site="boston"))
    assert {hit.entry.site for hit in looked_for(repository, "esx-01")} == {"pittsburgh", "boston"}
    # taken on 22 November, after the hourly one of the 21st
    (hit,) = looked_for(repository, "web-777.vmdk")
    assert hit.found.path == "virtualMachine[id=vm-777]/disk[key=2000]/path"
    repository.add(hourly(25 * 24))
    assert looked_for(repository, "web-777.vmdk") == []
    assert len(looked_for(repository, "WEB-777.vmdk", every=True)) == 1


def test_the_snapshots_of_a_day_are_the_last_ones_of_it_or_else_before_it(repository: Repository) -> None:
    taken = [repository.add(hourly(hour)).taken for hour in (0, 5, 30)]
    repository.add(hourly(2, site="boston"))
    every = repository.entries()

    def of(**which: Any) -> list[tuple[str, str]]:
        return [(entry.site, entry.taken) for entry in chosen(every, **which)]

    day = taken[0][:10]
    assert [site for site, _ in of(on=day)] == ["boston", "pittsburgh"]
    assert of(on=day)[1] == ("pittsburgh", taken[1])
    assert ("pittsburgh", taken[2]) in of(on="2030-01-01")
    assert of(on="2000-01-01") == []
    assert ("pittsburgh", taken[1]) in of(on=taken[1])
    assert [at for site, at in of(every=True, since=taken[1]) if site == "pittsburgh"] == taken[1:]
    assert [at for site, at in of(every=True, until=taken[1]) if site == "pittsburgh"] == taken[:1]
    assert len(of(every=True)) == 4
    with pytest.raises(UsageError, match="is no moment"):
        of(since="some day")


def test_a_document_is_passed_by_unread_only_where_it_cannot_hold_the_text() -> None:
    plain, rich = small_site(), rich_snapshot()
    data = write_snapshot(plain)
    for path, value in values(plain):
        assert may_hold(data, str(value)), path
    assert may_hold(data, "VM-2")
    assert not may_hold(data, "nowhere-x")
    assert not may_hold(data, "00-50-56-00-00-99")
    written = write_snapshot(rich)
    for _, value in values(rich):
        assert may_hold(written, str(value))


def test_an_export_is_the_exact_bytes(repository: Repository, tmp_path: Path) -> None:
    entry = repository.add(hourly(1))
    target = tmp_path / "out.xml"
    assert repository.export("latest", target) == entry
    assert target.read_bytes() == hourly(1)
    assert [each.name for each in tmp_path.glob(".out*")] == []


def test_an_export_to_nowhere_is_refused_by_name(repository: Repository, tmp_path: Path) -> None:
    repository.add(hourly(1))
    with pytest.raises(Refused, match="No such file"):
        repository.export("latest", tmp_path / "nowhere" / "out.xml")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Refused):
        repository.export("latest", tmp_path / "folder")
    assert list(tmp_path.glob(".folder*")) == []


def test_removing_a_key_leaves_what_leans_on_it_readable(repository: Repository) -> None:
    documents = [hourly(hour) for hour in range(5)]
    ids = [repository.add(data).id for data in documents]
    repository.remove(ids[0])
    assert [each.id for each in repository.entries()] == ids[1:]
    assert [repository.get(id_).data for id_ in ids[1:]] == documents[1:]
    assert all(repository.verify(id_).verified for id_ in ids[1:])
    assert repository.add(hourly(9)).stored_size < 1000


def test_the_last_verified_one_of_a_site_stays(repository: Repository) -> None:
    entry = repository.add(hourly(1))
    repository.add(hourly(1, site="boston"))
    with pytest.raises(Refused, match="last verified"):
        repository.remove(entry.id)


def test_failed_attempts_are_remembered(repository: Repository) -> None:
    repository.record_attempt("pittsburgh", "2026-11-22T08:00:00Z", True)
    repository.record_attempt("pittsburgh", "2026-11-22T09:00:00Z", False, "no answer")
    repository.record_attempt("boston", "2026-11-22T09:00:00Z", True)
    assert [(each.at[11:13], each.ok, each.error) for each in repository.attempts("pittsburgh")] == [
        ("08", True, ""),
        ("09", False, "no answer"),
    ]


def test_threads_share_one_repository(repository: Repository) -> None:
    failures: list[Exception] = []

    def work(first: int) -> None:
        try:
            for hour in range(first, first + 5):
                assert repository.get(repository.add(hourly(hour, guests=5)).id)
        except Exception as error:  # a thread's failure must reach the test
            failures.append(error)

    threads = [Thread(target=work, args=(first,)) for first in (0, 5, 10, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(repository.entries()) == 20


def _writer(file: Path, site: str, failures: multiprocessing.Queue[str]) -> None:
    try:
        opened = Repository(f"sqlite:///{file}")
        for hour in range(12):
            opened.record_attempt(site, f"2026-11-22T{hour % 24:02}:00:00Z", True)
            opened.verify(opened.add(hourly(hour, site=site, guests=5)).id)
        opened.close()
    except Exception as error:  # a process's failure must reach the test
        failures.put(f"{site}: {error}")


def test_four_processes_write_at_once_and_none_finds_it_locked(file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    failures = context.Queue()
    processes = [context.Process(target=_writer, args=(file, f"site-{n}", failures)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(90)
    assert failures.empty(), failures.get()
    opened = Repository(f"sqlite:///{file}")
    assert len(opened.entries()) == 48
    assert all(opened.verify(each.id).verified for each in opened.entries("site-1"))
    opened.close()
