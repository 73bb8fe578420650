"""Access to key files: the signed cookies that CloudFront requires before it serves a video's key."""
