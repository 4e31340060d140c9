"""What the panes of a snapshot show: columns and cells of list, summary, tree, differences and hits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from drconsole.api.values import Change, SearchHit, SnapshotEntry
from drconsole.console.archive.branches import Row, Tree
from drconsole.console.style.look import Span
from drconsole.console.widgets.columns import Column
from drconsole.console.words import phrases
from drconsole.documents.difference import kind_words
from drconsole.model.inventory import COLLECTIONS

LIST_COLUMNS = (
    Column(name="taken", title="TAKEN", width=17),
    Column(name="site", title="SITE", width=10, flex=1),
    Column(name="hosts", title="HOSTS", width=5, rank=3, right=True),
    Column(name="guests", title="GUESTS", width=6, rank=2, right=True),
    Column(name="size", title="SIZE", width=7, rank=4, right=True),
    Column(name="changed", title="CHANGED", width=11, flex=2, rank=1),
    Column(name="verified", title="VERIFIED", width=8),
)
SUMMARY_COLUMNS = (Column(name="what", title="", width=23), Column(name="name", title="", width=20, flex=1))
TREE_COLUMNS = (
    Column(name="name", title="", width=30, flex=1),
    Column(name="words", title="", width=20, flex=1, rank=1),
)
CHANGE_COLUMNS = (
    Column(name="sort", title="", width=9),
    Column(name="name", title="", width=30, flex=1),
)
HIT_COLUMNS = (
    Column(name="taken", title="TAKEN", width=17),
    Column(name="name", title="NAME", width=14, flex=1),
    Column(name="kind", title="KIND", width=8, rank=2),
    Column(name="where", title="WHERE, OR WHAT MATCHED", width=22, flex=3),
    Column(name="site", title="SITE", width=10, rank=1),
)
_KINDS = {"virtual_machines": "guests", "vapps": "vApps"}
_FIRST = ("virtual_machines", "hosts", "physical_servers", "clusters", "datastores")
_SORTS = {
    "added": ("+ added", "ok"),
    "removed": ("- removed", "bad"),
    "moved": ("→ moved", "work"),
    "changed": ("~ changed", "changed"),
}


def size_words(size: int) -> str:
    """Returns a document's size, such as 412 kB; "–" where it is not known."""
    if not size:
        return "–"
    return f"{size / 1e6:.1f} MB" if size >= 999_500 else f"{max(1, round(size / 1000))} kB"


def list_cells(entry: SnapshotEntry, changed: Span) -> tuple[Span, ...]:
    """Returns a snapshot's row."""
    return (
        (phrases.when(entry.taken), "text"),
        (entry.site, "text"),
        (str(entry.hosts), "text"),
        (str(entry.guests), "text"),
        (size_words(entry.size), "dim"),
        changed,
        verified_span(entry),
    )


def verified_span(entry: SnapshotEntry) -> Span:
    """Whether a snapshot was read back whole."""
    return ("✓ yes", "ok") if entry.verified else ("! no", "warn")


def changed_words(changes: Sequence[Change]) -> str:
    """Returns how many objects of each kind differ, such as `3 guests, 1 host`."""
    touched = Counter(kind for kind, _ in {(change.kind, change.id) for change in changes})
    words = [
        phrases.count(number, kind_words(kind))
        for kind, number in sorted(touched.items(), key=lambda item: (-item[1], item[0]))
    ]
    return ", ".join(words) or "nothing"


def summary_rows(
    entry: SnapshotEntry, tree: Tree | None, changed: str, state: str
) -> list[tuple[Span, Span]]:
    """Returns the summary; without a tree only what the list knows, and `state` says why."""
    rows = [*_facts(entry, changed)]
    if tree is None:
        return [*rows, (("contents", "dim"), (state, "dim"))]
    snapshot = tree.snapshot
    if (server := snapshot.management_server) is not None:
        told = " ".join(word for word in (server.product, server.version, server.build) if word)
        rows += [_row("server", server.name), *([_row("", told)] if told else [])]
    rows += [_row("platform", snapshot.platform), _row("profile", snapshot.profile)]
    for field in (*_FIRST, *(field for field in COLLECTIONS if field not in _FIRST)):
        rows.append(_row(_KINDS.get(field, field.replace("_", " ")), f"{len(getattr(snapshot, field)):,}"))
    return rows + [(("dangling", "dim"), (text, "warn")) for text in snapshot.dangling]


def _facts(entry: SnapshotEntry, changed: str) -> Iterator[tuple[Span, Span]]:
    yield _row("site", entry.site)
    yield _row("taken", phrases.when(entry.taken))
    if entry.size:
        yield _row("size", f"{size_words(entry.size)} ({entry.size:,} bytes)")
    yield _row("id", entry.id)
    if changed:
        yield _row("changed", changed)
    good = ("✓ yes: hash, schema and keys are right", "ok") if entry.verified else ("! no", "warn")
    yield ("verified", "dim"), good
    if not entry.consistent:
        yield ("consistent", "dim"), ("! no: references dangle", "warn")


def _row(title: str, words: str) -> tuple[Span, Span]:
    return (title, "dim"), (words or "–", "text")


def tree_cells(row: Row, words: str, *, opened: bool) -> tuple[Span, Span]:
    """Returns a branch or a value."""
    sign = ("▾ " if opened else "▸ ") if row.opens is not None else "  "
    is_object = row.opens is row.thing
    return (f"{'  ' * row.depth}{sign}{row.label}", "text" if is_object else "dim"), (
        words,
        "dim" if is_object else "text",
    )


def grouped(changes: Sequence[Change]) -> dict[str, tuple[str, Change | None]]:
    """Returns the rows of a difference by key: a head for each kind, then its changes as sentences."""
    kinds: dict[str, list[tuple[int, Change]]] = {}
    for number, change in enumerate(changes):
        kinds.setdefault(change.kind, []).append((number, change))
    found: dict[str, tuple[str, Change | None]] = {}
    for kind, mine in kinds.items():
        touched = len({change.id for _, change in mine})
        head = f"{phrases.count(touched, kind_words(kind))} · {phrases.count(len(mine), 'change')}"
        found[f"kind/{kind}"] = (head, None)
        found |= {str(number): (_said(change), change) for number, change in mine}
    return found


def _said(change: Change) -> str:
    """A change without its kind, which stands above it."""
    text = change.text or f"{change.name} {change.field} {change.before} → {change.after}"
    return text.removeprefix(f"{kind_words(change.kind)} ")


def change_cells(text: str, change: Change | None) -> tuple[Span, Span]:
    """Returns a row of a difference."""
    if change is None:
        return ("", "text"), (text, "head")
    return _SORTS.get(change.change, (change.change, "text")), (text, "text")


def hit_cells(hit: SearchHit) -> tuple[Span, ...]:
    """Returns what a search found: where it stood then, else which value matched."""
    where = hit.where or f"{hit.field.rpartition(']/')[2]} {hit.value}"
    return (
        (phrases.when(hit.taken), "text"),
        (hit.name, "title"),
        (kind_words(hit.kind), "text"),
        (where, "text"),
        (hit.site, "dim"),
    )
