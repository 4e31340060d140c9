"""Power: on, off, the question whether it was moved, and the heartbeat that follows."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.vcenter import files, wiring
from drconsole.lab.world.vim.vcenter.guest_config import disks, nics, vmx_of
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, vcenter_of
from drconsole.lab.world.vim.vcenter.vmx import text

if TYPE_CHECKING:
    import asyncio

    from drconsole.lab.world.vim.call import Call
    from drconsole.lab.world.vim.esxi.host_system import HostSystem
    from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
    from drconsole.lab.world.volumes import Volume

MOVED, COPIED = "1", "2"
CHOICES = (("0", "button.uuid.cancel", "Cancel"), (MOVED, "button.uuid.movedTheVM", "I Moved It"),
           (COPIED, "button.uuid.copiedTheVM", "I Copied It"))  # fmt: skip


class GuestPower(TreeEntity):
    """A guest's power handlers."""

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self._asking: asyncio.Future[str] | None = None
        self._questions = 0
        self._working_on: list[Volume] = []

    @property
    def _me(self) -> VirtualMachine:
        return cast("VirtualMachine", self)

    async def PowerOnVM_Task(self, call: Call, host: Any) -> None:
        me = self._me
        if me.running:
            raise fault("InvalidPowerState", requestedState="poweredOn", existingState="poweredOn")
        if me.props["config"].template:
            raise fault("InvalidState", f"{me.name} is a template")
        me.host.contact()
        self._files_there()
        await self._settle_identity()
        await call.take("vcenter.power-on")
        if me.running:
            raise fault("InvalidPowerState", requestedState="poweredOn", existingState="poweredOn")
        me.host.contact()
        self._files_there()
        self.start(call)

    def start(self, call: Call) -> None:
        """Runs the guest from now on; its tools report after a while."""
        call.write("power-on-guest", vcenter_of(self).path_of(self), uuid=self._me.props["config"].uuid)
        self.run()
        self.endpoint.run(self._beat())

    def run(self) -> None:
        """Powers it on without a record, as a world does that starts with running guests."""
        self._me.update_runtime(powerState="poweredOn", bootTime=self.world.clock.now(), cleanPowerOff=False)
        self._me.host.hypervisor.watch_power(self, self._host_lost_power)
        self._begin_writing()
        wiring.appear(self._me)

    def _begin_writing(self) -> None:
        """Whatever runs writes to its disks all the time."""
        host, names = self._me.host, [disk.backing.fileName for disk in disks(self._me.props["config"])]
        found = (files.mount_of(host, files.path_of(name)).volume for name in names)
        self._working_on = list({volume.path: volume for volume in found}.values())
        for volume in self._working_on:
            volume.writers = (volume.writers or set()) | {self.moid}

    def _end_writing(self) -> None:
        for volume in self._working_on:
            if volume.writers is not None:
                volume.writers.discard(self.moid)
        self._working_on = []

    async def _beat(self) -> None:
        boot = self._me.props["runtime"].bootTime
        await self.world.clock.sleep(self.world.timing["vcenter.tools-heartbeat"])
        if self._me.running and self._me.props["runtime"].bootTime == boot:
            self._me.show_tools(running=True)

    def _files_there(self) -> None:
        """Every disk must be where the .vmx says. Raises FileNotFound, CannotAccessFile."""
        host = self._me.host
        for disk in disks(self._me.props["config"]):
            name = disk.backing.fileName
            try:
                there = files.exists(host, files.path_of(name))
            except _missing_datastore() as error:
                raise fault("CannotAccessFile", f"{name}: {error.msg}", file=name) from error
            if not there:
                raise fault("FileNotFound", f"{name} was not found", file=name)

    async def _settle_identity(self) -> None:
        """Asks whether the guest was moved or copied when it lies elsewhere than it last ran."""
        host, config = self._me.host, self._me.props["config"]
        settings = {option.key: option.value for option in config.extraConfig}
        here = files.location(host, files.path_of(config.files.vmPathName))
        known = settings.get("uuid.location", here)
        if known != here and settings.get("uuid.action") not in {"keep", "change"}:
            answer = await self._ask()
            if answer == "0":
                raise fault("GenericVmConfigFault", "the question was cancelled", reason="cancelled")
            if answer == COPIED:
                self._new_identity()
        elif known != here and settings.get("uuid.action") == "change":
            self._new_identity()
        self.keep_setting("uuid.location", here)

    async def _ask(self) -> str:
        import asyncio

        self._questions += 1
        body = "This virtual machine might have been moved or copied."
        choice = new(
            "ChoiceOption",
            choiceInfo=[new("ElementDescription", key=k, label=label, summary=s) for k, label, s in CHOICES],
            defaultIndex=2,
        )
        question = new(
            "VirtualMachineQuestionInfo",
            id=str(self._questions),
            text=f"msg.uuid.altered:{body}",
            choice=choice,
            message=[new("VirtualMachineMessage", id="msg.uuid.altered", text=body)],
        )
        self._asking = asyncio.get_running_loop().create_future()
        self._me.update_runtime(question=question)
        try:
            return await self._asking
        finally:
            self._asking = None
            self._me.update_runtime(question=None)

    async def AnswerVM(self, call: Call, questionId: str, answerChoice: str) -> None:
        asked = self._me.props["runtime"].question
        if asked is None or asked.id != questionId or self._asking is None or self._asking.done():
            raise fault("InvalidArgument", f"no question {questionId}", invalidProperty="questionId")
        if answerChoice not in {key for key, _, _ in CHOICES}:
            raise fault("InvalidArgument", f"no choice {answerChoice}", invalidProperty="answerChoice")
        call.write("update", vcenter_of(self).path_of(self), answer=answerChoice)
        self._asking.set_result(answerChoice)

    def _new_identity(self) -> None:
        """What "I copied it" does: another uuid, other generated MACs."""
        config = self._me.props["config"]
        for nic in nics(config):
            if str(nic.addressType) != "manual":
                nic.__dict__["macAddress"] = wiring.new_mac(self.world)
        self._me.set(
            config=changed(config, uuid=str(uuid.UUID(int=self.world.random.getrandbits(128), version=4)))
        )
        self.save()

    def keep_setting(self, key: str, value: str) -> None:
        """Stores a setting of extraConfig, also in the .vmx."""
        config = self._me.props["config"]
        kept = [option for option in config.extraConfig if option.key != key]
        self._me.set(config=changed(config, extraConfig=[*kept, new("OptionValue", key=key, value=value)]))
        self.save()

    def save(self) -> None:
        """Writes the .vmx. Raises CannotAccessFile where its volume is not writable."""
        config = self._me.props["config"]
        files.write(self._me.host, files.path_of(config.files.vmPathName), text(vmx_of(config)))

    async def PowerOffVM_Task(self, call: Call) -> None:
        self._running("poweredOff")
        await call.take("vcenter.power-off")
        self._stop(call)

    async def ResetVM_Task(self, call: Call) -> None:
        self._running("poweredOn")
        await call.take("vcenter.power-on")
        self._me.show_tools(running=False)
        self.endpoint.run(self._beat())

    async def ShutdownGuest(self, call: Call) -> None:
        self._running("poweredOff")
        if self._me.value("guest").toolsRunningStatus != "guestToolsRunning":
            raise fault("ToolsUnavailable", f"no tools run in {self._me.name}")
        self.endpoint.run(self._shut_down(call))

    async def _shut_down(self, call: Call) -> None:
        await self.world.clock.sleep(self.world.timing["vcenter.guest-shutdown"])
        if self._me.running and self.world.faults.bite("guest-hangs", guest=self._me.name) is None:
            self._stop(call)

    def _running(self, wanted: str) -> None:
        if not self._me.running:
            state = self._me.props["runtime"].powerState
            raise fault("InvalidPowerState", requestedState=wanted, existingState=state)
        self._me.host.contact()

    def _stop(self, call: Call) -> None:
        call.write("power-off-guest", vcenter_of(self).path_of(self))
        self.power_lost()

    def _host_lost_power(self) -> None:
        if self.moid in self.endpoint.objects and self._me.running:
            self.power_lost()

    def moved(self, source: HostSystem, target: HostSystem) -> None:
        """It depends on another machine's power from now on."""
        source.hypervisor.unwatch_power(self)
        if self._me.running:
            target.hypervisor.watch_power(self, self._host_lost_power)

    def power_lost(self) -> None:
        """It stops, for whatever reason."""
        if self._asking is not None and not self._asking.done():
            self._asking.set_result("0")
        if not self._me.running:
            return
        self.world.presence.leave(vcenter_of(self).path_of(self))
        self._me.host.hypervisor.unwatch_power(self)
        self._end_writing()
        self._me.update_runtime(powerState="poweredOff", bootTime=None, cleanPowerOff=True)
        self._me.show_tools(running=False)


def _missing_datastore() -> Any:
    from drconsole.lab.world.vim.registry import wsdl_type

    return wsdl_type("InvalidDatastore")
