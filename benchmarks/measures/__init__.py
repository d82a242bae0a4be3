"""The rows of the goals' table."""
