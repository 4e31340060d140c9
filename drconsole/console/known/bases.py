"""Which snapshot a site's drafts are of: the newest is followed, unless an older one was chosen."""

from __future__ import annotations

from drconsole.console.known.store import Store


def base_of(store: Store, site: str) -> str:
    """Returns the id of the snapshot that a site's drafts are (to be) of: the one that was chosen, else
    that of a draft that something was chosen in, else the newest; "" where there is none."""
    if chosen := store.desk.bases.get(site):
        return chosen
    for draft in (store.mappings.get(site), store.selections.get(site)):
        if draft is not None and draft.touched:
            return draft.snapshot_id
    return newest_of(store, site)


def newest_of(store: Store, site: str) -> str:
    """Returns the id of a site's newest snapshot, "" where there is none."""
    entry = store.sites.get(site)
    return entry.snapshot.id if entry and entry.snapshot else ""


def move_to(store: Store, site: str, snapshot: str) -> None:
    """Bases a site's drafts on another snapshot.

    Drafts of it that were put aside are taken up as they were; else new ones take over what was chosen.
    The newest snapshot is followed from then on.
    """
    pair = (store.mappings.get(site), store.selections.get(site))
    store.desk.bases.pop(site, None)
    if snapshot != newest_of(store, site):
        store.desk.bases[site] = snapshot
    if any(draft is not None and draft.snapshot_id == snapshot for draft in pair):
        return
    store.desk.put_aside(site, pair)
    mapping, selection = store.desk.take_up(site, snapshot) or (None, None)
    for kind in ("mapping", "selection"):
        store.refusals.pop(f"{kind} {site}", None)
    store.mappings.pop(site, None)
    store.selections.pop(site, None)
    for draft in (mapping, selection):
        if draft is not None:
            store.captured[snapshot] = draft.captured
    if mapping is not None:
        store.mappings[site] = mapping
        store.desk.mappings_to_carry.pop(site, None)
    if selection is not None:
        store.selections[site] = selection
        store.desk.selections_to_carry.pop(site, None)


def unsaved(store: Store) -> int:
    """Returns how many changes of all drafts are not saved."""
    mappings = sum(draft.unsaved for draft in store.mappings.values())
    return mappings + sum(draft.unsaved for draft in store.selections.values()) + store.desk.unsaved()
