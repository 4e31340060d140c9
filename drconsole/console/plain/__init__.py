"""The console as plain lines: for terminals that cannot do more, for screen readers, for a slow line.

Nothing moves and nothing is coloured: what is new is a new line. No Textual here.
"""
