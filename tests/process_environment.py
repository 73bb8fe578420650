"""The environment of the service's and the worker's processes and functions on a deployed pipeline."""

from local.provision import Stack

FROM_THE_STACK = (
    "INPUT_BUCKET",
    "OUTPUT_BUCKET",
    "INPUT_FILE_TABLE",
    "OUTPUT_TABLE",
    "STATUS_TABLE",
    "UPLOADS_QUEUE_URL",
    "SUBMISSION_QUEUE_URL",
    "JOB_EVENTS_QUEUE_URL",
)


def environment_of(stack: Stack) -> dict[str, str]:
    """Return the variables that both kinds of processes need; there is no MediaConvert among them."""
    return {
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "MEDIACONVERT_ROLE": "arn:aws:iam::000000000000:role/MediaConvert",
        **{name: getattr(stack, name.lower()) for name in FROM_THE_STACK},
    }
