"""Protocols over the world."""
