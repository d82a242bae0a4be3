"""One try of a task: its parameters, its input, its judgement, and what it leaves behind."""
