"""Snapshots as they are read: their text, their tree, their days. No service and no site is needed here."""
