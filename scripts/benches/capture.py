"""Capture: ours, document written and stored, over one bulk call with pyVmomi's objects.

usage: scripts/bench capture [HOSTS [GUESTS [TIMES]]]      250, 2500 and 5 where not given

Runs vcsim, and in one run takes turns at: (a) one bulk property collector call with pyVmomi's
objects; (b) the same reply read and discarded; ours: capture, then document, then repository. CPU is
this process's own: the server's is not counted. Target: CPU of all of ours at most 0.25 of (a)'s.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import SoapAdapter, vmodl

from drconsole.documents import write_snapshot
from drconsole.model.inventory import Snapshot
from drconsole.platforms.vsphere import elements
from drconsole.platforms.vsphere.collect import managed
from drconsole.platforms.vsphere.platform import VSpherePlatform
from drconsole.repository import Repository
from drconsole.settings.values import Endpoint, Settings, Site
from drconsole.wire import tls
from tests.real import vcsim_server

CLUSTER = 50
"""Hosts a cluster of the simulated site."""

Took = tuple[float, float]
"""CPU and wall seconds."""


def main(arguments: list[str]) -> int:
    """Prints medians and ratios; returns 1 where the target is missed."""
    hosts = int(arguments[0]) if arguments else 250
    guests = int(arguments[1]) if len(arguments) > 1 else 10 * hosts
    times = int(arguments[2]) if len(arguments) > 2 else 5
    clusters = max(hosts // CLUSTER, 1)
    os.environ["VCSIM_PASSWORD"] = vcsim_server.PASSWORD
    with vcsim_server.running(
        clusters=clusters, cluster_hosts=hosts // clusters, standalone_hosts=0, guests=guests // clusters
    ) as server:
        return asyncio.run(_compare(server, times))


async def _compare(server: vcsim_server.Server, times: int) -> int:
    bulk = Bulk(server)
    taken: list[Snapshot] = []

    async def capture() -> None:
        taken.append(await VSpherePlatform().capture(_site(server), _settings(), "recovery", _quiet))

    documents: list[bytes] = []
    rows: dict[str, list[Took]] = {
        name: [] for name in ("(a) objects", "(b) discard", "capture", "document", "store")
    }
    for _turn in range(times):
        taken.clear()
        documents.clear()
        rows["(a) objects"].append(await _measured(bulk.objects))
        rows["(b) discard"].append(await _measured(bulk.discard))
        rows["capture"].append(await _measured(capture))
        rows["document"].append(await _measured(lambda: documents.append(write_snapshot(taken[0]))))
        with tempfile.TemporaryDirectory() as folder:
            repository = Repository(f"sqlite:///{Path(folder) / 'repository.db'}")
            rows["store"].append(await _measured(lambda: repository.add(documents[0])))  # noqa: B023  (used at once)
            repository.close()
    bulk.close()
    print(f"reply {bulk.size / 1e6:.1f} MB, document {len(documents[0]) / 1e6:.1f} MB")
    return _print(rows)


def _print(rows: dict[str, list[Took]]) -> int:
    ours = [
        tuple(map(sum, zip(*parts, strict=True))) for parts in zip(*(rows[n] for n in _OURS), strict=True)
    ]
    rows["ours, all"] = [(cpu, wall) for cpu, wall in ours]
    medians = {
        name: (statistics.median(t[0] for t in took), statistics.median(t[1] for t in took))
        for name, took in rows.items()
    }
    base, floor = medians["(a) objects"], medians["(b) discard"]
    print(f"{'':12} {'CPU s':>8} {'wall s':>8} {'CPU/(a)':>8} {'CPU/(b)':>8} {'wall/(a)':>8}")
    for name, (cpu, wall) in medians.items():
        shares = f"{cpu / base[0]:8.3f} {cpu / floor[0]:8.1f} {wall / base[1]:8.3f}"
        print(f"{name:12} {cpu:8.3f} {wall:8.3f} {shares}")
    ratio = medians["ours, all"][0] / base[0]
    print(f"ours over (a): {ratio:.3f} of its CPU; the target is {TARGET}")
    return 0 if ratio <= TARGET else 1


_OURS = ("capture", "document", "store")
TARGET = 0.25


async def _measured(work: Callable[[], Awaitable[None] | Any]) -> Took:
    gc.collect()  # what the row before left behind is not this one's work
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    if isinstance(result, Awaitable):
        await result
    return time.process_time() - cpu, time.perf_counter() - wall


class Bulk:
    """The same properties of the same objects in one call, by pyVmomi alone."""

    def __init__(self, server: vcsim_server.Server) -> None:
        self.size = 0
        self._server = server
        self._service = SmartConnect(
            host=server.host,
            port=server.port,
            user=vcsim_server.USER,
            pwd=vcsim_server.PASSWORD,
            sslContext=tls.pinned_context(server.pin, "vcsim"),
        )
        content = self._service.content
        view = content.viewManager.CreateContainerView(content.rootFolder, [], True)
        query = vmodl.query.PropertyCollector
        paths = elements.paths_of(frozenset(elements.BY_NAME))
        step = query.TraversalSpec(name="all", type=type(view), path="view", skip=False)
        self._spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[step])],
            propSet=[
                query.PropertySpec(type=managed(wsdl), pathSet=list(asked)) for wsdl, asked in paths.items()
            ],
        )
        self._collector = content.propertyCollector

    def objects(self) -> None:
        reply = self._collector.RetrievePropertiesEx(
            [self._spec], vmodl.query.PropertyCollector.RetrieveOptions()
        )
        assert reply.objects

    def discard(self) -> None:
        stub: Any = self._service._stub
        info = type(self._collector)._GetMethodInfo("RetrievePropertiesEx")
        options = vmodl.query.PropertyCollector.RetrieveOptions()
        body = SoapAdapter.SoapStubAdapter.SerializeRequest(
            stub, self._collector, info, ([self._spec], options)
        )
        connection = http.client.HTTPSConnection(
            self._server.host, self._server.port, context=tls.pinned_context(self._server.pin, "vcsim")
        )
        headers = {"Cookie": stub.cookie, "SOAPAction": stub.versionId, "Content-Type": "text/xml"}
        connection.request("POST", "/sdk", body, headers)
        answer, size = connection.getresponse(), 0
        while part := answer.read(1 << 20):
            size += len(part)
        connection.close()
        self.size = size

    def close(self) -> None:
        Disconnect(self._service)


def _site(server: vcsim_server.Server) -> Site:
    reference = "env:VCSIM_PASSWORD"
    endpoint = Endpoint(
        address=server.address, username=vcsim_server.USER, password=reference, pin=server.pin
    )
    return Site(name="bench", platform="vsphere", endpoint=endpoint)


def _settings() -> Settings:
    return Settings(path="/nowhere", state_dir="/nowhere", repository_url="", journal_url="")


def _quiet(_line: str) -> None:
    pass
