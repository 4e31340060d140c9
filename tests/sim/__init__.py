"""The whole run under a seeded clock that jumps: journal, planner, runner and verbs are the product's."""
