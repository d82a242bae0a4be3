"""What each element ended as, and whether that is tolerated."""
