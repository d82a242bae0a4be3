"""What earlier tries have applied: bits, digests, and where a retry goes on."""
