"""The lab's own rules: whoever builds on it must be able to trust it."""
