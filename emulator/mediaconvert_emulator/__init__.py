"""An emulator of AWS Elemental MediaConvert that transcodes for real, with ffmpeg.

It speaks the REST API to boto3 and the AWS CLI, reads inputs from S3, writes HLS and MP4 outputs back with
MediaConvert's file names, and sends "MediaConvert Job State Change" events to EventBridge. It stands alone:
`python -m mediaconvert_emulator` needs only an S3 and an EventBridge to talk to (`AWS_ENDPOINT_URL`).

State is in memory: jobs and templates are gone when the process ends.
"""
