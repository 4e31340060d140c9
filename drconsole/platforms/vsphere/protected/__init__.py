"""What a planned run does at the protected site: it asks what runs there, and shuts guests down."""
