"""Storage replication (R6–R8, R35): one contract, and a file for each array driver."""
