"""Snapshots, kept at the recovery site."""
