"""What a console knows, as it is heard: the store, objects by name, a run that is looked at. No screen."""
