"""The queue consumers: make a job for each upload, and keep DynamoDB and S3 true from its events."""
