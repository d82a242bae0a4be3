"""What carries out what the window asks for: threads that send and save, or a rehearsal that only looks."""
