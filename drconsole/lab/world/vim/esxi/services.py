"""Services, time, certificate and advanced options of a host."""

from __future__ import annotations

from typing import Any, ClassVar

from cryptography import x509

from drconsole.lab.world.hypervisor.host import SERVICES
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi.part import HostPart
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import computed

_UTC = new("HostDateTimeSystemTimeZone", key="UTC", name="UTC", description="UTC", gmtOffset=0)
OPTIONS: dict[str, object] = {
    "Config.HostAgent.log.level": "info",
    "Config.HostAgent.plugins.hostsvc.esxAdminsGroup": "ESX Admins",
    "Misc.HostName": "",
    "Net.RollbackTimeout": 45,
    "UserVars.SuppressShellWarning": 0,
    "VMFS3.HardwareAcceleratedLocking": 1,
}


class HostServiceSystem(HostPart):
    """Services that run on a host."""

    wsdl = "HostServiceSystem"
    defaults: ClassVar[dict[str, Any]] = {"value": [], "availableField": []}

    @computed("serviceInfo")
    def _info(self) -> Any:
        running = self.hypervisor.services
        return new(
            "HostServiceInfo",
            service=[
                new(
                    "HostService",
                    key=key,
                    label=label,
                    required=False,
                    uninstallable=False,
                    running=running[key],
                    policy="on" if running[key] else "off",
                )
                for key, label in SERVICES.items()
            ],
        )

    async def StartService(self, call: Call, id: str) -> None:
        self._switch(call, id, on=True)

    async def StopService(self, call: Call, id: str) -> None:
        self._switch(call, id, on=False)

    async def RestartService(self, call: Call, id: str) -> None:
        self._switch(call, id, on=True)

    async def UpdateServicePolicy(self, call: Call, id: str, policy: str) -> None:
        self.host.contact()
        self._known(id)

    async def RefreshServices(self, call: Call) -> None:
        self.host.contact()

    def _switch(self, call: Call, key: str, *, on: bool) -> None:
        self.host.contact()
        self._known(key)
        self.hypervisor.services[key] = on
        call.write("update", f"{self.hypervisor.path}/service/{key}", running=on)
        self.hypervisor.changed("config")

    def _known(self, key: str) -> None:
        if key not in SERVICES:
            raise fault("NotFound", f"no service {key}")


class HostDateTimeSystem(HostPart):
    """The host's clock and its NTP servers."""

    wsdl = "HostDateTimeSystem"

    @computed("dateTimeInfo")
    def _info(self) -> Any:
        return new(
            "HostDateTimeInfo",
            timeZone=_UTC,
            systemClockProtocol="ntp",
            ntpConfig=new("HostNtpConfig", server=self.hypervisor.ntp_servers),
            enabled=self.hypervisor.services["ntpd"],
        )

    async def QueryDateTime(self, call: Call) -> Any:
        self.host.contact()
        return self.world.clock.now()

    async def QueryAvailableTimeZones(self, call: Call) -> Any:
        return [_UTC]

    async def RefreshDateTimeSystem(self, call: Call) -> None:
        self.host.contact()

    async def UpdateDateTimeConfig(self, call: Call, config: Any) -> None:
        self.host.contact()
        if config.ntpConfig is not None:
            self.hypervisor.ntp_servers = [str(server) for server in config.ntpConfig.server]
        if config.enabled is not None:
            self.hypervisor.services["ntpd"] = bool(config.enabled)
        call.write("update", f"{self.hypervisor.path}/ntp", servers=self.hypervisor.ntp_servers)
        self.hypervisor.changed("config")


class HostCertificateManager(HostPart):
    """The certificate that the host shows at its door: a vCenter replaces it when it adds the host."""

    wsdl = "HostCertificateManager"

    @computed("certificateInfo")
    def _info(self) -> Any:
        shown = x509.load_der_x509_certificate(self.hypervisor.certificate.der)
        return new(
            "HostCertificateManagerCertificateInfo",
            issuer=shown.issuer.rfc4514_string(),
            subject=shown.subject.rfc4514_string(),
            notBefore=shown.not_valid_before_utc,
            notAfter=shown.not_valid_after_utc,
            status="good",
        )

    async def ListCACertificates(self, call: Call) -> list[str]:
        self.host.contact()
        return [self.hypervisor.certificate.pem]

    async def RetrieveCertificateInfoList(self, call: Call) -> Any:
        self.host.contact()
        return [self.value("certificateInfo")]


class HostOptions(HostPart):
    """Advanced options of a host."""

    wsdl = "OptionManager"

    def _settings(self) -> dict[str, object]:
        return OPTIONS | {"Misc.HostName": self.hypervisor.full_name} | self.hypervisor.options

    @computed("setting")
    def _setting(self) -> Any:
        return [new("OptionValue", key=key, value=value) for key, value in self._settings().items()]

    @computed("supportedOption")
    def _supported(self) -> Any:
        return []

    async def QueryOptions(self, call: Call, name: str | None) -> Any:
        wanted = [
            option
            for option in self.value("setting")
            if not name or option.key == name or (name.endswith(".") and option.key.startswith(name))
        ]
        if not wanted:
            raise fault("InvalidName", name=name or "")
        return wanted

    async def UpdateOptions(self, call: Call, changedValue: list[Any]) -> None:
        self.host.contact()
        for option in changedValue:
            if option.key not in self._settings():
                raise fault("InvalidName", name=option.key)
        for option in changedValue:
            self.hypervisor.options[str(option.key)] = option.value
            call.write("update", f"{self.hypervisor.path}/option/{option.key}", value=str(option.value))
        self.hypervisor.changed("config")
