"""The console's screens: one module a screen, all on the same frame (`view`)."""
