"""What callers ask of a job: another one, or an end."""
