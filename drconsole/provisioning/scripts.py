"""The scripts that a machine boots and installs by, made for its job from templates.

Host names, serials and MACs are other people's text. Whatever a template writes out is held against
one alphabet without blanks, quotes or line ends, so that no name becomes a directive.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import msgspec

from drconsole.errors import Refused
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.appliance import answers
from drconsole.provisioning.images import medium
from drconsole.provisioning.jobs import Job
from drconsole.provisioning.run_secret import RunSecret
from drconsole.provisioning.server_network import server_network
from drconsole.settings.secrets import Secret

_PLAIN = re.compile(r"[A-Za-z0-9._:/@+,=$%~-]*")
_HOSTNAME = re.compile(r"[^A-Za-z0-9.-]+")


class Scripts:
    """Makes the scripts of a run's jobs. `password` is what installed machines will have as root's."""

    def __init__(self, plan: PlanInput, secret: RunSecret, password: Secret, images: Path) -> None:
        self._plan = plan
        self._secret = secret
        self._password = password
        self._images = images

    def boot(self, job: Job, url: str) -> str:
        """The iPXE script that starts the job's installer or wipe. `url` has no slash at its end."""
        return _render("install.ipxe.j2", kind=job.kind, url=url, disk=job.disk)

    def disk(self) -> str:
        """The iPXE script that boots what is installed: without it machines reinstall for ever."""
        return _render("disk.ipxe.j2")

    def boot_config(self, job: Job, url: str) -> str:
        """The hypervisor's boot.cfg. Raises Refused where its medium is not there."""
        found = medium(self._images, job.folder)
        return _render("boot.cfg.j2", url=url, title=job.folder, kernel=found.kernel, modules=found.modules)

    def kickstart(self, job: Job, url: str, *, mac: str, overwrite: bool) -> str:
        """A hypervisor's or a Linux server's ks.cfg. `mac` is the NIC that booted."""
        network = self._plan.provisioning
        return _render(
            f"{job.kind}.ks.j2",
            url=url,
            mac=mac,
            disk=job.disk,
            overwrite=overwrite,
            address=job.address,
            netmask=network.netmask,
            gateway=network.gateway,
            hostname=hostname_of(self._plan, job),
            password_hash=self._secret.password_hash(job.id, self._password.reveal()),
            **self._linux(job, mac),
        )

    def _linux(self, job: Job, mac: str) -> dict[str, Any]:
        if job.kind != "linux":
            return {}
        key_type, login_key = self._secret.login_key(job.id).public.split()[:2]
        host_key = self._secret.host_key(job.id).private
        return {
            "host_key": host_key,
            "key_type": key_type,
            "login_key": login_key,
            "own": server_network(self._plan, job, mac),
        }

    def answers(self, job: Job, *, mac: str) -> bytes:
        """The management server's answers.json. Raises Refused where a network is not mapped."""
        made = answers(self._plan, job, boot_mac=mac, password=self._password.reveal())
        return msgspec.json.format(msgspec.json.encode(made), indent=2)


def hostname_of(plan: PlanInput, job: Job) -> str:
    """Returns the captured host name in letters that a host name may have."""
    return _HOSTNAME.sub("-", _captured_name(plan, job)).strip("-.") or "unnamed"


def _captured_name(plan: PlanInput, job: Job) -> str:
    if job.kind == "linux":
        server = next((s for s in plan.site.physical_servers if s.name == job.protected), None)
        return (server.hostname if server else "") or job.name
    host = next((h for h in plan.snapshot.hosts if h.id == job.protected), None)
    dns = host.dns if host else None
    if dns and dns.hostname:
        return f"{dns.hostname}.{dns.domain}" if dns.domain else dns.hostname
    return job.name


def _render(name: str, **values: Any) -> str:
    return _templates().get_template(name).render(**values)


@cache
def _templates() -> jinja2.Environment:
    # Nothing here is HTML; `finalize` guards what is written out.
    return jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        finalize=_plain,
        keep_trailing_newline=True,
        trim_blocks=False,
    )


def _plain(value: Any) -> Any:
    text = str(value)
    if not _PLAIN.fullmatch(text):
        raise Refused(f"{text!r} cannot stand in a boot script", remedy="rename it, or take a spare")
    return value
