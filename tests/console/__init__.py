"""Tests of the console: against a service that speaks the real frames, and against a lab."""
