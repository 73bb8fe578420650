"""What callers send and see. Pure."""
