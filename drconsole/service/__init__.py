"""What drconsole serve does."""
