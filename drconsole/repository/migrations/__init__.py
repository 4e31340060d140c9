"""How the repository's schema came to be, one revision a file."""
