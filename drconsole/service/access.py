"""Who may speak to this service, judged by the account that the kernel names (SO_PEERCRED)."""

from __future__ import annotations

import grp
import os
import pwd
from typing import Literal

from drconsole.errors import Refused
from drconsole.settings.values import People

Standing = Literal["operator", "observer"]


def standing(uid: int, people: People | None) -> Standing:
    """Returns what an account is here. The service's own account and root are operators.

    Raises Refused for an account that is in none of the configured groups. Groups are looked up anew each
    time: who leaves one is let in no more.
    """
    if uid in (0, os.getuid()):
        return "operator"
    groups = _groups_of(uid)
    if people is not None and groups.intersection(people.operators):
        return "operator"
    if people is not None and groups.intersection(people.observers):
        return "observer"
    raise Refused(
        "this account is neither an operator nor an observer here",
        about=name_of(uid),
        remedy="its administrator adds it to a group that [people] in the configuration names",
    )


def _groups_of(uid: int) -> set[str]:
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return set()
    found: set[str] = set()
    for gid in os.getgrouplist(account.pw_name, account.pw_gid):
        try:
            found.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue  # a group without a name is in no configuration
    return found


def name_of(uid: int) -> str:
    """Returns an account by name; by its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
