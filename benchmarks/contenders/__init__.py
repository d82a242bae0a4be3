"""Ways to send the same elements, each run in a process of its own: ours, and what people use instead."""
