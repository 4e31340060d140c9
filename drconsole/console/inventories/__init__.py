"""What stands at a site, kept in order while it changes: lists, counts, and what passes a filter."""
