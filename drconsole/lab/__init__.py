"""A world to recover: embedded default, drill trainer and test world in one."""
