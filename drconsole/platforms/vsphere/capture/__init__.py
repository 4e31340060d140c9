"""A capture: what the property collector gives, as values of the model."""
