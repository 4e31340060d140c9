"""Finding one's way: commands, filters, where one has been, keys of one's own."""
