"""Documents: XML in and out, their schemas, and the gate for XML of others."""
