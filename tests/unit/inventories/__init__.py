"""Inventories for tests: one rich in every kind, and generated ones."""
