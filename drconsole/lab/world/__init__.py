"""The physical world and what runs in it: pure, on a clock that is given, without a socket."""
