"""Rebuilding a captured site on bare hosts: the steps, in the order that works, and their handlers.

`graph` gathers the steps; `tree_steps`, `host_steps`, `storage_steps` and `guest_steps` derive them
from a plan; the handlers carry them out. A step that creates something tells its id at the recovered
site in its result, and steps that need it find it there: see `graph.Found`.
"""
