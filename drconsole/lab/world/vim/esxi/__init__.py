"""Hosts and what hangs on them: two kinds of endpoint, a vCenter and a host, show the same state."""
