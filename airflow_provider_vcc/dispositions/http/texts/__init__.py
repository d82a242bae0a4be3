"""The text of an answer, and what is made of it."""
