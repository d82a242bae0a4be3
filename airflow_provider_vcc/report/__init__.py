"""The report of a task instance as a page: server-made HTML and SVG, no scripts."""
