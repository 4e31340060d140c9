"""DRConsole recovers a private cloud onto machines that nobody set aside for it."""

__version__ = "0.1.0"
