"""What databases and their drivers do each in their own way, behind one door."""
