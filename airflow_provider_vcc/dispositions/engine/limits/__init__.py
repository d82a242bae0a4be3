"""How many requests at a time, found while sending."""
