"""The console: a Textual program that only attaches."""
