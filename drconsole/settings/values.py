"""The configuration as typed values: what `settings.load` gives to the service and the runner.

Durations are seconds. Secrets stay references (`env:`, `file:`, `cred:`, `age:`, `prompt:`) until
`settings.secrets` resolves them at the moment of use.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.model.custom import CustomStep
from drconsole.model.inventory.storage import PhysicalServer
from drconsole.model.site import ArrayPlace, GroupEntry, NetworkMapping, Provisioning, SitePlan


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Endpoint(_Value, frozen=True, kw_only=True):
    """How to reach and trust something over TLS. `address` is HOST:PORT; `pin` is `sha256:` and
    64 hexadecimal digits; `password` a reference."""

    address: str
    username: str
    password: str
    pin: str


class Site(_Value, frozen=True, kw_only=True):
    """A protected site. `theme` is the console's while it works on it, "" for the operator's own."""

    name: str
    platform: str
    endpoint: Endpoint
    profile: str = "recovery"
    capture_s: float | None = None
    rpo_s: float | None = None
    rto_s: float | None = None
    networks: tuple[NetworkMapping, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    physical_servers: tuple[PhysicalServer, ...] = ()
    theme: str = ""


class Array(_Value, frozen=True, kw_only=True):
    place: ArrayPlace
    endpoint: Endpoint


class PoolMachine(_Value, frozen=True, kw_only=True):
    """A target of the pool: its BMC, its segment, and whether its disks may be wiped."""

    name: str
    bmc: Endpoint
    segment: str
    may_wipe: bool = False


class ProvisioningSettings(_Value, frozen=True, kw_only=True):
    """The provisioning network, and the reference to the root password of installed machines."""

    network: Provisioning
    password: str


NoticeKind = Literal["waiting", "failed", "finished", "pre-empted"]
NOTICE_KINDS: tuple[NoticeKind, ...] = ("waiting", "failed", "finished", "pre-empted")
"""What may be told outside: a run waits for an operator, a step or run failed, a run came to rest, a
real run took a drill's place."""

Security = Literal["starttls", "tls", "plain"]

FACILITIES: dict[str, int] = {
    "user": 1,
    "daemon": 3,
    "auth": 4,
    "syslog": 5,
    **{f"local{number}": 16 + number for number in range(8)},
}
"""RFC 5424, table 1."""


class Webhook(_Value, frozen=True, kw_only=True):
    """An HTTPS address that is sent JSON. `secret` is the reference to the key of its signature;
    without `pin` the system's authorities decide whether the certificate is good."""

    url: str
    secret: str = ""
    pin: str = ""
    on: tuple[NoticeKind, ...] = NOTICE_KINDS


class Smtp(_Value, frozen=True, kw_only=True):
    """A mail server, HOST:PORT. `password` is a reference; both are empty where nobody logs in."""

    address: str
    sender: str
    recipients: tuple[str, ...]
    security: Security = "starttls"
    username: str = ""
    password: str = ""
    pin: str = ""
    on: tuple[NoticeKind, ...] = NOTICE_KINDS


class Syslog(_Value, frozen=True, kw_only=True):
    """`udp://HOST:PORT`, `tcp://HOST:PORT`, or the path of a local socket."""

    address: str
    facility: str = "daemon"
    on: tuple[NoticeKind, ...] = NOTICE_KINDS


class Notify(_Value, frozen=True, kw_only=True):
    """Whom a run tells. Of one kind each run sends at most one message in `every_s` seconds."""

    every_s: float = 300.0
    webhook: Webhook | None = None
    smtp: Smtp | None = None
    syslog: Syslog | None = None

    @property
    def channels(self) -> dict[str, Webhook | Smtp | Syslog]:
        """Returns the channels that are configured, by name."""
        given = {"webhook": self.webhook, "smtp": self.smtp, "syslog": self.syslog}
        return {name: channel for name, channel in given.items() if channel is not None}


DEADLINES: dict[str, float] = {
    "bmc-connect": 2,
    "bmc-call": 10,
    "bmc-probe": 60,
    "power": 180,
    "netboot": 600,
    "install-hypervisor": 1800,
    "install-management": 3600,
    "install-linux": 1800,
    "ready": 900,
    "uplink": 300,
    "array-call": 60,
    "halt": 600,
    "sync": 1800,
    "fence": 300,
    "shut-down": 600,
    "promote": 600,
    "present": 300,
    "vcenter-call": 60,
    "site-check": 300,
    "add-host": 300,
    "rescan": 600,
    "mount": 300,
    "register": 300,
    "power-on": 600,
    "task": 600,
    "capture": 900,
    "wipe": 3600,
    "probe-protected": 5,
    "pre-empt": 60,
}
"""Seconds by kind, overridden by `[deadlines]`. A lab divides them by its speed."""


class People(_Value, frozen=True, kw_only=True):
    """Which accounts of this machine reach an installed service, beside its own and root: the members of
    these groups. Observers look and change nothing."""

    operators: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()


class Settings(_Value, frozen=True, kw_only=True):
    """The whole configuration. `path` is the file's absolute path, `state_dir` an absolute one.

    `socket` is where the service listens for other accounts too, absolute; "" for this account alone.
    """

    path: str
    state_dir: str
    socket: str = ""
    people: People | None = None
    repository_url: str
    journal_url: str
    sites: dict[str, Site] = {}
    arrays: dict[str, Array] = {}
    pool: dict[str, PoolMachine] = {}
    provisioning: ProvisioningSettings | None = None
    deadlines: dict[str, float] = msgspec.field(default_factory=lambda: dict(DEADLINES))
    steps: tuple[CustomStep, ...] = ()
    notify: Notify | None = None

    def plan_of(self, site: Site) -> SitePlan:
        """Returns what planning may know of a site: everything but how to reach it."""
        return SitePlan(
            name=site.name,
            networks=site.networks,
            groups=site.groups,
            arrays=tuple(array.place for array in self.arrays.values()),
            physical_servers=site.physical_servers,
            rpo_s=site.rpo_s,
            rto_s=site.rto_s,
        )
