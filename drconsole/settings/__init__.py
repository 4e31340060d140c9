"""The configuration file and the references to secrets in it."""
