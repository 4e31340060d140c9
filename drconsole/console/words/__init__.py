"""Figures and happenings in words."""
