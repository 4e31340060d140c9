"""Snapshots, kept at the recovery site (R27, R30, R31)."""

from drconsole.repository.entry import Attempt, Entry, Hit, Stored
from drconsole.repository.repository import Repository

__all__ = ["Attempt", "Entry", "Hit", "Repository", "Stored"]
