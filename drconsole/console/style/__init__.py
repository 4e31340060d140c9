"""How things look: a style for each role, a glyph for each state, themes."""
