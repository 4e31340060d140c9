"""The capture profiles that are shipped, as TOML."""
