"""What lies between the application and the line: bytes, the clipboard, what the collector leaves alone."""
