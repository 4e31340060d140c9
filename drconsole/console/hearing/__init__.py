"""What workers do: they talk to the service and post what they hear."""
