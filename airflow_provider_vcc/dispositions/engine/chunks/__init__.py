"""What one request carries, how it is packed, and where each chunk is on its way."""
