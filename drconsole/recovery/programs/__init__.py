"""Programs of the customer's, started beside the runner so that no death of ours loses how they ended.

A supervisor, a process of its own, starts the program, ends it at its deadline and writes down how it
ended. A runner that takes a run over finds one that still runs, waits for it, and reads the same end.
"""
