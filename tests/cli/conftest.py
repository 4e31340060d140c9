"""A small site that was captured once, for commands that only ask, or are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.own_lab import OwnLab, own_lab


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    with own_lab(tmp_path_factory.mktemp("site"), hosts=2, vms=8, targets=6, speed=150) as lab:
        lab.captured()
        yield lab
