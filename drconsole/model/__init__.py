"""Values: what a site, a mapping, a target, a plan and a run are. No I/O, nothing mutable."""
