"""The sandbox's SQLite file: how it is written, and how tests read it."""
