"""The wire: pinned TLS, deadlines, HTTP and SSH clients."""
