"""Configuration: the file as typed values, and the references to secrets."""

from drconsole.settings.file import load

__all__ = ["load"]
