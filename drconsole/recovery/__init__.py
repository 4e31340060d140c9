"""The recovery room: plans a run, carries it out, verifies it, reports and cleans up.

`planner` composes and freezes, `runner` is the process that carries one run through `executor`,
`verbs` are what operators do to it, `view` is how others see it.
"""
