"""One request and its evidence."""
