"""What the report says: the verdict, its reasons, what to do next, and the state of the task."""
