"""A run once more: what was known at each moment of it, and the pace at which it is shown."""
