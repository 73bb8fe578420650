"""The HTTP API: presigned uploads, job lookup and progress. It never reads an encryption key."""
