"""The files of a video that need a cookie, although they are not encrypted. Pure."""

GUARDED_FOLDER = "guarded-files"
"""The folder below the output path with everything that isn't encrypted. If key files need a cookie, so do its files.

CloudFront selects them by this name alone, so the name has only letters and `-`. A pattern with a slash could be
avoided: CloudFront doesn't match a percent-encoded slash with it, but S3 decodes one.
"""
