"""Screen 2: the pool of targets, and the hardware of the one under the cursor."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from textual.widget import Widget

from drconsole.api import requests
from drconsole.console.screens.dialogs import Ask, Confirm
from drconsole.console.screens.view import SEPARATOR, View
from drconsole.console.style.look import Line, Span, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose, wrapped
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.words import phrases
from drconsole.model.target import Target, TargetHardware
from drconsole.model.text import safe_text

_COLUMNS = (
    Column(name="target", title="TARGET", width=12, flex=2),
    Column(name="state", title="STATE", width=13),
    Column(name="run", title="RUN · ROLE", width=14, flex=2, rank=3),
    Column(name="segment", title="SEGMENT", width=9, rank=4),
    Column(name="cpu", title="CPU", width=4, rank=1, right=True),
    Column(name="gib", title="GiB", width=5, rank=1, right=True),
    Column(name="nics", title="NICS link/all", width=13, rank=2),
    Column(name="checked", title="CHECKED", width=13, rank=2),
)


class TargetsView(View, screen="targets"):
    """Which machines there are to recover onto."""

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(_COLUMNS, self._cells, id="pool", empty="no target is configured")
        yield Painted(id="machine", classes="pane")

    @property
    def _pool(self) -> VirtualTable:
        return self.query_one("#pool", VirtualTable)

    def on_mount(self) -> None:
        """The pool has the keys."""
        self._pool.focus()

    def crumbs(self) -> Sequence[str]:
        """There is one pool."""
        return ("pool",)

    def show(self) -> None:
        """The pool, then its machine."""
        targets = self.store.targets
        if targets is None:
            self._pool.empty = "asking the service …"
            targets = ()
        else:
            self._pool.empty = "no target is configured" if not targets else "none passes the filter"
        self._pool.show([target.name for target in targets if self.passes(target.name)])
        states = Counter(target.state for target in targets)
        words = "".join(f" · {state} {number}" for state, number in sorted(states.items()))
        self._pool.entitle(f"Pool {len(targets)}{words}", position(self._pool))
        self._show_machine()

    def _show_machine(self) -> None:
        pane = self.query_one("#machine", Painted)
        target = self.store.pool().get(self._pool.cursor)
        pane.entitle(target.name if target else "no target")
        pane.paint(machine_lines(target, max(20, pane.size.width)) if target else [])

    def live(self) -> list[Span]:
        """How old the pool's states are."""
        if self.store.targets is None:
            return [("pool: asking the service …", "work")]
        age = time.monotonic() - self.store.targets_at
        stale = age > 10
        word = f"pool STALE {phrases.age(age)}" if stale else f"pool live {phrases.age(age)}"
        return [(word, "warn" if stale else "ok"), SEPARATOR, *super().live()]

    def _cells(self, key: str) -> tuple[Span, ...]:
        target = self.store.pool().get(key)
        if target is None:
            return tuple(("–", "dim") for _ in _COLUMNS)
        glyph, role = mark(target.state)
        hardware = target.hardware
        return (
            (target.name, "text"),
            (f"{glyph} {target.state}", role),
            (
                _tie(target) or "–",
                "text" if target.run else "dim",
            ),
            (target.segment, "dim"),
            (str(hardware.cpu_threads or hardware.cpu_cores) if hardware else "?", "text"),
            (phrases.gib(hardware.memory_mib) if hardware else "?", "text"),
            _nics(hardware),
            _checked(target),
        )

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The machine beside is that of the cursor."""
        self.update()

    def do_check(self) -> None:
        """Probes the target under the cursor."""
        if name := self._pool.cursor:
            self._check((name,), f"checking {name}")

    def do_check_all(self) -> None:
        """Probes the whole pool, once that is meant."""
        number = len(self.store.targets or ())
        lines: list[Line] = [
            [(f"Ask the BMCs of all {phrases.count(number, 'target')} what they are.", "text")]
        ]
        self.app.push_screen(
            Confirm("Check all targets", lines, "checks them"),
            lambda yes: self._check((), "checking all targets") if yes else None,
        )

    def do_release(self) -> None:
        """Gives the machine under the cursor back to the pool, once its name has been typed."""
        target = self.store.pool().get(self._pool.cursor)
        if target is None:
            return
        if not target.run:
            self.console_app.say(f"{target.name} is {target.state}: no run holds it", "warn")
            return
        lines: list[Line] = [
            *prose(f"{target.name} is {target.state} for {_tie(target)}. Released, it is free for any run, "),
            *prose("which wipes its disks. What stands on it now is production of a real run.", "warn"),
            [],
            [("Type its name to confirm:", "warn")],
        ]

        def typed(name: str | None) -> None:
            if name is not None:
                request = requests.ReleaseTarget(name=target.name, confirm=name)
                self.console_app.ask(f"releasing {target.name}", request, self._released)

        self.app.push_screen(Ask(f"Release {target.name}", lines, exactly=target.name), typed)

    def _released(self, target: Target) -> None:
        self._take((target,))
        self.console_app.say(f"{target.name} is {target.state}", "ok")

    def _take(self, found: tuple[Target, ...]) -> None:
        pool = self.store.pool() | {target.name: target for target in found}
        self.store.set_targets(tuple(pool.values()), time.monotonic())

    def _check(self, names: tuple[str, ...], doing: str) -> None:
        def then(found: tuple[Target, ...]) -> None:
            self._take(found)
            silent = sum(bool(target.error) for target in found)
            words = f"checked {phrases.count(len(found), 'target')}" + (
                f", {silent} without answer" if silent else ""
            )
            self.console_app.say(words, "warn" if silent else "ok")

        self.console_app.ask(doing, requests.CheckTargets(names=names), then)


def _tie(target: Target) -> str:
    """What holds a machine, in words."""
    return " · ".join(part for part in (target.run, target.role) if part)


def _nics(hardware: TargetHardware | None) -> Span:
    if hardware is None:
        return "?", "dim"
    linked = sum(nic.link is True for nic in hardware.nics)
    unknown = sum(nic.link is None for nic in hardware.nics)
    return f"{linked}/{len(hardware.nics)}" + (
        f" ({unknown}?)" if unknown else ""
    ), "text" if linked else "warn"


def _checked(target: Target) -> Span:
    if not target.checked:
        return "never", "warn"
    age = (datetime.now(UTC) - datetime.fromisoformat(target.checked)).total_seconds()
    return (f"ok {phrases.age(age)} ago", "dim") if not target.error else ("no answer", "bad")


def machine_lines(target: Target, width: int) -> list[Line]:
    """Returns what is known of a machine, a line each; prose is wrapped to `width`."""
    glyph, role = mark(target.state)
    lines: list[Line] = [
        [(f"{glyph} {target.state}", role), (f"  {target.run} {target.role}".rstrip(), "text")]
    ]
    if target.error:
        lines += [[(part, "bad")] for part in wrapped(safe_text(target.error), width)]
    hardware = target.hardware
    if hardware is None:
        return [*lines, [("never probed: c asks its BMC", "dim")]]
    wipe = ("may be wiped", "text") if target.may_wipe else ("disks with data are refused", "warn")
    cpu = (
        f"{hardware.cpu_packages} × {hardware.cpu_vendor} {hardware.cpu_cores}/{hardware.cpu_threads} threads"
    )
    secure = ", secure boot" if hardware.secure_boot else ""
    boot = f"{hardware.boot_mode or '?'}{secure}, power {hardware.power or '?'}"
    return [
        *lines,
        [("segment ", "dim"), (target.segment or "–", "text")],
        [("model   ", "dim"), (f"{hardware.vendor} {hardware.model} {hardware.serial}", "text")],
        [("cpu     ", "dim"), (cpu, "text")],
        [("memory  ", "dim"), (f"{phrases.gib(hardware.memory_mib)} GiB", "text")],
        [("boot    ", "dim"), (boot, "text")],
        *([_nic_line(index, hardware) for index in range(len(hardware.nics))]),
        *(
            [
                ("disk    ", "dim"),
                (f"{disk.id} {disk.size_bytes / 1e9:.0f} GB {_data(disk.has_data)}", "text"),
            ]
            for disk in hardware.disks
        ),
        [("wipe    ", "dim"), wipe],
    ]


def _nic_line(index: int, hardware: TargetHardware) -> Line:
    nic = hardware.nics[index]
    if nic.link is None:
        state: Span = ("? link unknown", "dim")
    elif nic.link:
        state = (f"● link {phrases.speed(nic.speed_mbit)}", "ok")
    else:
        state = ("○ no link", "warn")
    return [(f"nic {index}   ", "dim"), (f"{nic.mac} ", "text"), state]


def _data(has_data: bool | None) -> str:
    return "empty" if has_data is False else "has data" if has_data else "contents unknown"
