"""docs/replication-http.md, asked of the lab's arrays by a plain HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from tests.lab.open_lab import OpenLab, client, open_lab

GROUP = "/api/v1/groups/prod-block"


@pytest.fixture
async def lab() -> AsyncIterator[OpenLab]:
    async with open_lab() as lab:
        yield lab


@pytest.fixture
async def r1(lab: OpenLab) -> AsyncIterator[aiohttp.ClientSession]:
    async with client(lab, "r1") as session:
        yield session


async def _ask(array: aiohttp.ClientSession, method: str, path: str, body: object = None) -> tuple[int, Any]:
    async with array.request(method, path, json=body) as response:
        text = await response.text()
        return response.status, (await response.json() if text else None)


async def test_what_an_array_says_of_itself(r1: aiohttp.ClientSession) -> None:
    status, about = await _ask(r1, "GET", "/api/v1")
    assert (status, about["api"], about["name"]) == (200, "drconsole.replication/1", "r1")
    assert datetime.fromisoformat(about["time"]).utcoffset() is not None


async def test_a_group_while_it_replicates(r1: aiohttp.ClientSession) -> None:
    status, group = await _ask(r1, "GET", GROUP)
    assert (status, group["state"], group["sourceConfirmed"]) == (200, "target", False)
    assert [v["source"] for v in group["volumes"]] == ["vol1", "vol2", "vol3"]
    assert all(v["naa"] and not v["nfsHost"] and v["synced"] for v in group["volumes"])
    assert 0 <= group["lagS"] < 10
    assert (await _ask(r1, "GET", "/api/v1/groups"))[1][0]["id"] == "prod-block"


async def test_an_nfs_volume_says_where_it_is_mounted_from(lab: OpenLab) -> None:
    async with client(lab, "r2") as r2:
        _, group = await _ask(r2, "GET", "/api/v1/groups/prod-files")
        _, clone = await _ask(
            r2, "POST", "/api/v1/groups/prod-files/clones", {"token": "run/clone", "label": "drill"}
        )
    for volume in (*group["volumes"], *clone["volumes"]):
        assert volume["nfsHost"] == "10.30.0.11"
        assert volume["nfsPath"].startswith("/exports/nfs")
        assert not volume["naa"]


async def test_halt_promote_present_and_take_away(lab: OpenLab, r1: aiohttp.ClientSession) -> None:
    token = {"token": "run-1/step"}
    for _ in range(2):
        status, group = await _ask(r1, "POST", f"{GROUP}/halt", {**token, "planned": False})
        assert (status, group["state"], group["sourceConfirmed"]) == (200, "halted", True)
    for _ in range(2):
        status, group = await _ask(r1, "POST", f"{GROUP}/promote", token)
        assert (status, group["state"]) == (200, "promoted")
    place = "/api/v1/presentations/vol1-replica"
    for _ in range(2):
        status, shown = await _ask(r1, "PUT", place, {"initiators": ["2100000000000001"]})
        assert (status, shown["initiators"]) == (200, ["2100000000000001"])
    assert (await _ask(r1, "GET", "/api/v1/presentations"))[1] == [shown]
    assert len(lab.world.ledger.of("present")) == 1
    status, shown = await _ask(r1, "DELETE", place, {"initiators": []})
    assert (status, shown["initiators"]) == (200, [])


async def test_a_clone_is_made_once_a_token_and_dropped(r1: aiohttp.ClientSession) -> None:
    body = {"token": "run-1/clone", "label": "drill"}
    status, clone = await _ask(r1, "POST", f"{GROUP}/clones", body)
    assert status == 201
    assert (await _ask(r1, "POST", f"{GROUP}/clones", body))[1] == clone
    _, group = await _ask(r1, "GET", GROUP)
    assert (group["state"], group["clones"]) == ("target", [clone])
    volume = clone["volumes"][0]["id"]
    assert (await _ask(r1, "PUT", f"/api/v1/presentations/{volume}", {"initiators": ["a"]}))[0] == 200
    for _ in range(2):
        assert (await _ask(r1, "DELETE", f"{GROUP}/clones/{clone['handle']}"))[0] == 204
    assert (await _ask(r1, "GET", "/api/v1/presentations"))[1] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/groups/none", None, 404, "NOT_FOUND"),
        ("GET", "/api/v2", None, 404, "NOT_FOUND"),
        ("POST", f"{GROUP}/promote", {"token": "t"}, 409, "FAILED_PRECONDITION"),
        ("PUT", "/api/v1/presentations/vol1-replica", {"initiators": ["a"]}, 409, "FAILED_PRECONDITION"),
        ("PUT", "/api/v1/presentations/none", {"initiators": ["a"]}, 404, "NOT_FOUND"),
        ("POST", f"{GROUP}/halt", {}, 422, "REFUSED"),
        ("POST", f"{GROUP}/clones", {"token": "t"}, 422, "REFUSED"),
        ("PUT", "/api/v1/presentations/vol1-replica", {"initiators": "a"}, 422, "REFUSED"),
        ("PATCH", GROUP, {}, 501, "UNIMPLEMENTED"),
    ],
)
async def test_each_refusal_has_its_code(
    r1: aiohttp.ClientSession, method: str, path: str, body: object, status: int, code: str
) -> None:
    answered, error = await _ask(r1, method, path, body)
    assert (answered, error["code"]) == (status, code)
    assert error["message"]


async def test_a_wrong_password_is_refused_and_counted(lab: OpenLab, r1: aiohttp.ClientSession) -> None:
    async with r1.get("/api/v1", headers=lab.login("r1", "wrong")) as response:
        assert response.status == 401
        assert (await response.json())["code"] == "UNAUTHENTICATED"
    assert len(lab.world.ledger.of("login-refused", "array/r1")) == 1


async def test_the_source_refuses_to_be_halted_and_goes_with_its_site(lab: OpenLab) -> None:
    async with client(lab, "array1") as source:
        status, error = await _ask(source, "POST", f"{GROUP}/halt", {"token": "t"})
        assert (status, error["code"]) == (409, "FAILED_PRECONDITION")
        lab.world.start_fault("site-gone")
        await lab.listeners.settle()
        with pytest.raises(aiohttp.ClientConnectionError):
            await _ask(source, "GET", GROUP)


async def test_an_array_that_refuses_and_one_that_is_busy(lab: OpenLab, r1: aiohttp.ClientSession) -> None:
    lab.world.start_fault("array-refuses", times=1, array="r1", verb="halt")
    status, error = await _ask(r1, "POST", f"{GROUP}/halt", {"token": "t"})
    assert (status, error["code"]) == (422, "REFUSED")
    lab.world.start_fault("array-refuses", times=1, array="r1", verb="halt", code="ABORTED")
    status, error = await _ask(r1, "POST", f"{GROUP}/halt", {"token": "t"})
    assert (status, error["code"]) == (409, "ABORTED")
    lab.world.start_fault("array-refuses", times=1, verb="halt", volume="vol1-replica")
    status, group = await _ask(r1, "POST", f"{GROUP}/halt", {"token": "t"})
    assert (status, group["state"]) == (200, "partial")
    assert [bool(v["error"]) for v in group["volumes"]] == [True, False, False]
