"""What Uppy's S3 plugin asks its companion for."""
