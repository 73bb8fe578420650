"""An emulator of AWS Elemental MediaConvert that transcodes with ffmpeg.

It serves MediaConvert's REST API to boto3 and the AWS CLI, reads inputs from S3, writes HLS and MP4 outputs to S3 under
MediaConvert's file names, and sends "MediaConvert Job State Change" events to EventBridge. It runs alone:
`python -m mediaconvert_emulator` needs only an S3 and an EventBridge (`AWS_ENDPOINT_URL`).

Jobs and templates are in memory; they are lost when the process ends.
"""
