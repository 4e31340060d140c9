"""What consoles and commands say to the service."""
