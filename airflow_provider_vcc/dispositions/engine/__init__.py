"""What happens next: what is packed, sent, sent again, saved and written down."""
