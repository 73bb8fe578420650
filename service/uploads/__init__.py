"""The rules for uploads to the input bucket: accepted types and sizes, and the objects' keys."""
