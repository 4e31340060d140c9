"""One seed, one world."""
