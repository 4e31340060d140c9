"""Virtualisation platforms (R11): one contract, and a room for each platform."""
