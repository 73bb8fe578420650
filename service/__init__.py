"""The HTTP API: presigned uploads, job lookup, progress. Never sees an encryption key."""
