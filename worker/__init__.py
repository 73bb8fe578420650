"""The queue consumers: they create a job for each upload, and write job events to DynamoDB and S3."""
