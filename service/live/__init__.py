"""Live progress: rows read once, however many watch."""
