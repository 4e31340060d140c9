"""Sockets: the address plan, certificates, and listeners that open and close with reachability."""
