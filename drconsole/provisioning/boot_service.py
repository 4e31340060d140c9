"""The boot service: what machines of one run fetch from us, and where they report to.

It runs inside the runner's process, on a port that is journalled with the run, so that a restarted
runner listens at the same URL (docs/network-boot.md has the contract). A token stands for one job; it is
compared in constant time, and with it the machine that shows it. Nobody else learns anything: every
refusal is a bare 403 or 404.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from aiohttp import web

from drconsole.errors import Busy, DRConsoleError, InvalidConfiguration
from drconsole.model.step import key_part
from drconsole.model.text import safe_text
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.boot_log import BootLog, Kind
from drconsole.provisioning.images import payload
from drconsole.provisioning.jobs import Job, jobs_of
from drconsole.provisioning.loiterers import SILENT_S, Loiterers
from drconsole.provisioning.run_secret import RunSecret, boot_folder, run_secret
from drconsole.provisioning.scripts import Scripts
from drconsole.settings.secrets import resolve
from drconsole.settings.values import Settings

_TEXT_LIMIT = 300
_REPORTS = frozenset({"start", "error", "end", "firstboot", "wiped"})
_INSTALLED: tuple[Kind, ...] = ("end", "firstboot")


class BootService:
    """Serves the jobs of one run. Start it before the first step and stop it after the last.

    `log` is what machines did; `secret` what their tokens and host keys derive from.
    """

    def __init__(
        self,
        *,
        address: str,
        port: int,
        jobs: Iterable[Job],
        scripts: Scripts,
        log: BootLog,
        secret: RunSecret,
        images: Path,
        port_file: Path | None = None,
    ) -> None:
        self.log = log
        self.secret = secret
        self._jobs = {job.id: job for job in jobs}
        self._address = address
        self._port = port
        self._scripts = scripts
        self._images = images
        self._port_file = port_file
        self._runner: web.AppRunner | None = None
        self._loiterers = Loiterers()
        self._sweeping: asyncio.Task[None] | None = None

    def patient(self, loiterers: Loiterers) -> None:
        """Is as patient as these with connections that lead nowhere. Say it before the start."""
        self._loiterers = loiterers

    async def start(self) -> int:
        """Listens, and returns the port: the given one, or where that was 0 the one of the last time,
        or a free one.

        Raises Busy where somebody else listens there.
        """
        self._port = self._port or _remembered(self._port_file)
        app = web.Application(client_max_size=4096)
        app.router.add_get("/boot/{token}/{name}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, keepalive_timeout=SILENT_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._address, self._port, backlog=512).start()
        except OSError as error:
            await runner.cleanup()
            raise Busy(
                f"cannot listen: {error.strerror or error}", about=f"{self._address}:{self._port}"
            ) from error
        self._runner = runner
        if runner.server is not None:
            self._sweeping = asyncio.create_task(self._loiterers.sweep(runner.server))
        self._port = int(runner.addresses[0][1])
        if self._port_file is not None:
            self._port_file.write_text(str(self._port))
        return self._port

    async def stop(self) -> None:
        """Stops listening. May be repeated."""
        runner, self._runner = self._runner, None
        if self._sweeping is not None:
            self._sweeping.cancel()
        if runner is not None:
            await runner.cleanup()

    def job(self, name: str) -> Job:
        """Returns a job by its id. Raises KeyError."""
        return self._jobs[name]

    def url(self, job: Job) -> str:
        """Returns the job's URL without a slash at its end; valid once the service has started."""
        return f"http://{self._address}:{self._port}/boot/{self.secret.token(job.id)}"

    def installed(self, job: Job) -> bool:
        """Whether the job's machine reported in this power cycle that it is installed, or wiped."""
        done: tuple[Kind, ...] = ("wiped",) if job.kind == "wipe" else _INSTALLED
        return self.log.find(job.id, done) is not None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._loiterers.answering(request)
        job = self._job_of(request)
        if job is None or self.log.find(job.id, ("cycle",)) is None:
            raise web.HTTPForbidden
        name = request.match_info["name"]
        try:
            if name == "report":
                return self._report(request, job)
            if name == "boot.ipxe":
                return self._boot_script(request, job)
            made = self._made(job, name)  # a response without state counts as false
            return self._payload(job, name) if made is None else made
        except DRConsoleError as error:
            self.log.add(job.id, "error", text=safe_text(str(error), limit=_TEXT_LIMIT))
            raise web.HTTPNotFound from error

    def _job_of(self, request: web.Request) -> Job | None:
        """Every token is compared, and the machine with it where it says which one it is."""
        given = request.match_info["token"].encode()
        found: Job | None = None
        for job in self._jobs.values():
            if hmac.compare_digest(self.secret.token(job.id).encode(), given):
                found = job
        mac, uuid = _machine(request)
        if found and (not mac or mac in found.macs) and (not uuid or uuid == found.uuid):
            return found
        return None

    def _boot_script(self, request: web.Request, job: Job) -> web.Response:
        mac, uuid = _machine(request)
        if not mac or not uuid:
            raise web.HTTPForbidden
        if self.installed(job):
            self.log.add(job.id, "disk", mac=mac)
            return _text(self._scripts.disk())
        self._refuse_late(job)
        script = self._scripts.boot(job, self.url(job))
        self.log.add(job.id, "netboot", mac=mac)
        return _text(script)

    def _made(self, job: Job, name: str) -> web.Response | None:
        match job.kind, name:
            case "hypervisor", "boot.cfg":
                return _text(self._scripts.boot_config(job, self.url(job)))
            case (("hypervisor" | "linux"), "ks.cfg"):
                text = self._scripts.kickstart(
                    job, self.url(job), mac=self._boot_mac(job), overwrite=self._may_overwrite(job)
                )
                return self._once(job, text.encode())
            case "management", "answers.json":
                return self._once(job, self._scripts.answers(job, mac=self._boot_mac(job)))
        return None

    def _once(self, job: Job, body: bytes) -> web.Response:
        """What holds hashes or passwords is served once in each power cycle that we ordered."""
        self._refuse_late(job)
        if not self.log.add(job.id, "script"):
            raise web.HTTPForbidden
        return web.Response(body=body, content_type="text/plain", headers={"Cache-Control": "no-store"})

    def _refuse_late(self, job: Job) -> None:
        """Nobody waits for this power cycle any more: an install that began now would be cut off, or go on
        beside the spare that took over."""
        if self.log.find(job.id, ("gave-up",)):
            raise web.HTTPForbidden

    def _payload(self, job: Job, name: str) -> web.FileResponse:
        path = payload(self._images, job.folder, name)
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, chunk_size=1 << 20)

    def _report(self, request: web.Request, job: Job) -> web.Response:
        """Repeats are accepted; what comes out of order, or from a disk that nobody meant, is ignored."""
        kind = request.query.get("event", "")
        serial = request.query.get("serial", "")
        if kind not in _REPORTS or (kind == "wiped") != bool(serial):
            raise web.HTTPBadRequest
        if kind != "wiped" or (job.kind == "wipe" and serial == job.disk):
            text = safe_text(request.query.get("message", ""), limit=_TEXT_LIMIT)
            self.log.add(job.id, cast("Kind", kind), text=text, serial=serial)
        return _text("")

    def _boot_mac(self, job: Job) -> str:
        event = self.log.find(job.id, ("netboot",))
        return event.mac if event and event.mac else job.mac

    def _may_overwrite(self, job: Job) -> bool:
        """What this run itself began to install needs no consent (DESIGN 4)."""
        return job.overwrite or any(event.kind == "start" for event in self.log.history(job.id))


def open_boot(settings: Settings, plan: PlanInput, *, port: int = 0) -> BootService:
    """Returns the boot service of a run; `port` 0 is the one that the run had before, or a free one.

    Raises InvalidConfiguration without `[provisioning]`, and what `jobs_of` and the password's
    reference raise.
    """
    if settings.provisioning is None:
        raise InvalidConfiguration("there is no [provisioning]", about=settings.path)
    secret = run_secret(settings.state_dir, plan.run)
    images = Path(settings.path).parent / plan.provisioning.images
    files = boot_folder(settings.state_dir)
    return BootService(
        address=plan.provisioning.address,
        port=port,
        jobs=jobs_of(plan),
        scripts=Scripts(plan, secret, resolve(settings.provisioning.password), images),
        log=BootLog(files / f"{key_part(plan.run)}.log"),
        secret=secret,
        images=images,
        port_file=files / f"{key_part(plan.run)}.port",
    )


def _remembered(port_file: Path | None) -> int:
    try:
        return int(port_file.read_text()) if port_file is not None else 0
    except (OSError, ValueError):
        return 0


def _machine(request: web.Request) -> tuple[str, str]:
    mac = request.headers.get("X-Boot-Mac", "").lower().replace("-", ":")
    return mac, request.headers.get("X-Boot-Uuid", "").lower()


def _text(text: str) -> web.Response:
    return web.Response(text=text)
