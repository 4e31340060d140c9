"""The tree of sites: which rows it has, and what each stands for. Only branches that are open are walked."""

from __future__ import annotations

import time
from collections.abc import Iterator

from drconsole.console.known.following import AT_REST
from drconsole.console.known.store import Store
from drconsole.console.screens.site_branches import Branches
from drconsole.console.screens.site_row import TreeRow, is_open
from drconsole.console.style.look import Look, Span, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import cells_of, fitted
from drconsole.console.words import phrases
from drconsole.model.run import RunSummary

TREE_COLUMNS = (Column(name="name", title="", width=18, flex=1),)
_GONE = frozenset({"done", "failed", "cancelled"})


def recovered_runs(store: Store, site: str) -> list[RunSummary]:
    """Returns the runs that have, or are about to have, something recovered of a site, newest first."""
    mine = [run for run in reversed(store.runs) if run.site == site]
    return [run for run in mine if run.state not in _GONE or (run.mode != "drill" and run.state == "done")][
        :2
    ]


def tree_rows(store: Store, turned: set[str]) -> Iterator[TreeRow]:
    """Yields the rows that are to be seen, from the top."""
    for site in store.sites:
        row = _site_row(store, site)
        yield row
        if is_open(row, turned):
            inventory = store.inventory_of(site)
            if inventory is not None:
                yield from Branches(inventory, turned).site(row)
            yield from _physical(store, site)
            yield from _recovered(store, site, turned)


def _site_row(store: Store, site: str) -> TreeRow:
    live, now = store.inventories.get(site), time.monotonic()
    state = live.state(now) if live else "unwatched"
    entry = store.sites[site].snapshot
    error = (live.error if live else "") or store.sites[site].error
    if state == "live" and live is not None:
        words = f"live {phrases.age(live.age(now))}"
    elif trouble := trouble_word(error):
        words = trouble
    else:
        words = f"STALE {phrases.clock(entry.taken)}" if entry else "no answer"
    glyph, role = mark(state) if not trouble_word(error) or state == "live" else ("✗", "bad")
    return TreeRow(
        key=f"site/{site}",
        depth=0,
        label=f"{glyph} {site}",
        count=words,
        site=site,
        opens=True,
        begins=True,
        role=role,
    )


def trouble_word(error: str) -> str:
    """Returns what stands in the tree where only an operator can help: the login, or the certificate."""
    if "certificate" in error and "pinned" in error:
        return "WRONG PIN"
    return "LOGIN REFUSED" if "the credentials of" in error else ""


def _physical(store: Store, site: str) -> Iterator[TreeRow]:
    captured = store.captured_of(site)
    if captured and captured.snapshot.physical_servers:
        number = len(captured.snapshot.physical_servers)
        yield TreeRow(
            key=f"{site}/physical",
            depth=1,
            label="physical servers",
            count=str(number),
            site=site,
            shows="physical",
        )


def _recovered(store: Store, site: str, turned: set[str]) -> Iterator[TreeRow]:
    runs = recovered_runs(store, site)
    if not runs:
        return
    row = TreeRow(
        key=f"{site}/recovered",
        depth=1,
        label="recovered",
        count=phrases.count(len(runs), "run"),
        site=site,
        run=runs[0].run,
        opens=True,
        begins=True,
    )
    yield row
    if is_open(row, turned):
        for run in runs:
            yield from _recovered_by(store, site, run, turned)


def _recovered_by(store: Store, site: str, run: RunSummary, turned: set[str]) -> Iterator[TreeRow]:
    inventory, now = store.recovered.get(run.run), time.monotonic()
    state = inventory.state(now) if inventory else "unwatched"
    words = "not yet" if run.state not in AT_REST else "no answer"
    if inventory is not None and inventory.nodes:
        age = phrases.age(inventory.age(now))
        words = f"live {age}" if state == "live" else f"STALE {age}"
    glyph, role = mark(state)
    row = TreeRow(
        key=f"{site}/recovered/{run.run}",
        depth=2,
        label=f"{glyph} {run.run}",
        count=words,
        site=site,
        run=run.run,
        opens=True,
        begins=True,
        role=role,
    )
    yield row
    if inventory is not None and is_open(row, turned):
        yield from Branches(inventory, turned).site(row)


def tree_cells(row: TreeRow, turned: set[str], width: int, look: Look) -> tuple[list[Span]]:
    """Returns a row's only cell, `width` cells wide: its name at the left, and what it holds at the right.

    What it holds is short, and never cut.
    """
    sign = ("▾ " if is_open(row, turned) else "▸ ") if row.opens else "  "
    role = "bad" if row.role == "bad" else "warn" if row.count.startswith("STALE") else "dim"
    label, room = f"{'  ' * row.depth}{sign}{row.label}", width - cells_of(row.count) - 1
    return ([(fitted(label, max(1, room), look), row.role), (f" {row.count}", role)],)
