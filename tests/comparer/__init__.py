"""An independent judge of recoveries: it reads what `lab dump` and the ledger say, and nothing of ours.

It imports the standard library alone, so that it cannot share a mistake with the product. What it
judges: `fidelity` (value by value), `closure` (what a recovery was to send), `ledger` (in what order).
"""
