"""Pure decisions: which target takes which role, what can be recovered, in which order."""
