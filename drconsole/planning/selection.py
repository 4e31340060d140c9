"""Which guests are recovered (R51–R54): the default choice, patterns, and the check of a given one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from drconsole.errors import InvalidDocument, Refused, UnknownName
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import GuestFlag, HostMapping, VmSelection
from drconsole.model.plan import Verdict
from drconsole.planning.placement import place

_ABOUT = "VM selection"


def select(
    snapshot: Snapshot, snapshot_id: str, verdicts: Iterable[Verdict], only: Sequence[str] = ()
) -> VmSelection:
    """Returns the guests that can be recovered, in the snapshot's order.

    With `only`, shell patterns on names, what none of them matches gets deploy="false"; a name that is
    equal to a pattern matches too, since names may hold brackets. Raises UnknownName for a pattern that
    matches no guest that can be recovered.
    """
    able = [verdict for verdict in verdicts if verdict.verdict != "no"]
    idle = [p for p in only if not any(_matches(verdict.name, p) for verdict in able)]
    if idle:
        raise UnknownName(
            f"no guest that can be recovered is called {', '.join(idle)}",
            about="--only",
            remedy="see the names with: drconsole select",
        )
    flags = (
        GuestFlag(id=v.id, name=v.name, deploy=not only or any(_matches(v.name, pattern) for pattern in only))
        for v in able
    )
    return VmSelection(site=snapshot.site, snapshot=snapshot_id, virtual_machines=tuple(flags))


def chosen(selection: VmSelection) -> frozenset[str]:
    """Returns the ids of the guests that are to be recovered. A guest that is not listed is not."""
    return frozenset(flag.id for flag in selection.virtual_machines if flag.deploy)


def check_selection(
    selection: VmSelection, snapshot: Snapshot, verdicts: Iterable[Verdict], mapping: HostMapping
) -> None:
    """Refuses a selection that cannot be carried out.

    Raises UnknownName for guests that the snapshot does not have; InvalidDocument for another site's
    selection and for a guest that stands twice; Refused, naming each, for guests that cannot be
    recovered and for guests that no deployed host can take.
    """
    ids = [flag.id for flag in selection.virtual_machines]
    known = {guest.id for guest in snapshot.virtual_machines}
    strange = sorted(
        f"{flag.name} ({flag.id})" for flag in selection.virtual_machines if flag.id not in known
    )
    if strange:
        raise UnknownName(f"the snapshot has no guest {', '.join(strange)}", about=_ABOUT)
    if selection.site != snapshot.site:
        raise InvalidDocument(
            f"it is of site {selection.site}", about=_ABOUT, expected=f"a selection of {snapshot.site}"
        )
    twice = sorted(guest for guest, count in Counter(ids).items() if count > 1)
    if twice:
        raise InvalidDocument(
            f"{', '.join(twice)} stands twice", about=_ABOUT, expected="each guest at most once"
        )
    _refuse_unable(selection, verdicts)
    _refuse_homeless(selection, snapshot, mapping)


def _refuse_unable(selection: VmSelection, verdicts: Iterable[Verdict]) -> None:
    wanted = chosen(selection)
    unable = [v for v in verdicts if v.id in wanted and v.verdict == "no"]
    if unable:
        told = "; ".join(f"{v.name}: {', '.join(v.reasons)}" for v in unable)
        raise Refused(f"cannot be recovered: {told}", about=_ABOUT, remedy='give them deploy="false"')


def _refuse_homeless(selection: VmSelection, snapshot: Snapshot, mapping: HostMapping) -> None:
    homeless = place(snapshot, mapping, selection).homeless
    if homeless:
        names = {guest.id: guest.name for guest in snapshot.virtual_machines}
        told = "; ".join(f"{names[guest]}: {reason}" for guest, reason in homeless.items())
        raise Refused(
            f"no deployed host can take these guests: {told}",
            about=_ABOUT,
            remedy='deploy a host that reaches them, or give them deploy="false"',
        )


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
