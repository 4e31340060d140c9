"""Widgets that draw themselves line by line and repaint only what changed."""
