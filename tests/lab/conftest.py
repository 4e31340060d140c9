"""Recoveries that several files of this folder judge, each carried out once a session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.lab.bad_day import Day, bad_day
from tests.lab.documents import half_of_it
from tests.lab.evidence import Evidence, gather, seen
from tests.lab.own_lab import own_lab


@pytest.fixture(scope="session")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A drill of the default world, held, and cleaned up after all was looked at."""
    with own_lab(tmp_path_factory.mktemp("drill"), speed=150) as lab:
        lab.captured()
        evidence, end = gather(lab, "drill"), len(lab.ledger())
        cleanup = lab.operator("run", "cleanup", "latest", "--json")
        return replace(
            evidence,
            cleanup=cleanup,
            cleaned=lab.ledger()[end:],
            protected_after=lab.dump("protected"),
            recovered_after=lab.dump("recovered"),
            targets_after=lab.operator.json("target", "list"),
        )


@pytest.fixture(scope="session")
def disaster(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A disaster of a small world: the protected site is gone before the recovery is asked for."""
    with own_lab(tmp_path_factory.mktemp("disaster"), hosts=2, vms=10, targets=6, speed=150) as lab:
        lab.captured()
        before, bare = lab.dump("protected"), lab.dump("recovered")
        lab.fault("site-gone")
        outcome = lab.recover("disaster")
        gone = next(n for n, entry in enumerate(lab.ledger()) if entry.effect == "halt")
        evidence = seen(lab, "disaster", before, bare, gone, outcome)
        return replace(evidence, cleanup=lab.operator("run", "cleanup", "latest", "--json"))


@pytest.fixture(scope="session")
def partial(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A drill of the default world with one host of four and half of the guests left out."""
    with own_lab(tmp_path_factory.mktemp("partial"), speed=150) as lab:
        lab.captured()
        mapping, selection = half_of_it(lab.operator, lab.directory)
        return gather(lab, "drill", mapping=mapping, selection=selection)


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A drill of two hosts on which every fault falls, each mended by the operator."""
    folder = tmp_path_factory.mktemp("day")
    short = {"netboot": 3, "bmc-connect": 3, "bmc-call": 3, "ready": 15, "uplink": 10}
    with own_lab(folder / "lab", hosts=2, vms=6, targets=4, speed=150, deadlines=short) as lab:
        lab.captured()
        return bad_day(lab, folder)
