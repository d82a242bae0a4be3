"""What carries out what the window asks for: sockets and threads that send and save, or a rehearsal that only looks."""
