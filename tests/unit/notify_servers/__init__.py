"""Foreign servers that notices are sent to: they record what arrives, and misbehave as they are told."""
