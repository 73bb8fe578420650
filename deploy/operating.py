"""The worker's settings, read from a deployment, for the commands of an operator: worker.redrive, worker.reconcile."""

from collections.abc import Mapping

from deploy.cloudformation import CloudFormation, StackError
from deploy.stacks import stack

SETTINGS = {
    "pipeline": {
        "InputBucket": "INPUT_BUCKET",
        "OutputBucket": "OUTPUT_BUCKET",
        "UploadPrefix": "UPLOAD_PREFIX",
        "InputFileTable": "INPUT_FILE_TABLE",
        "OutputTable": "OUTPUT_TABLE",
        "StatusTable": "STATUS_TABLE",
        "UploadsQueueUrl": "UPLOADS_QUEUE_URL",
        "JobEventsQueueUrl": "JOB_EVENTS_QUEUE_URL",
    },
    "mediaconvert": {
        "MediaConvertRoleArn": "MEDIACONVERT_ROLE",
        "MediaConvertQueueArn": "MEDIACONVERT_QUEUE",
        "MediaConvertJobTemplate": "MEDIACONVERT_JOB_TEMPLATE",
    },
}
"""Which setting an output of a stack is."""


async def settings(deployment: str, cloudformation: CloudFormation) -> Mapping[str, str]:
    """Return the environment in which `python -m worker.redrive` works on this deployment.

    Raises:
        StackError: There is no such deployment.
    """
    found: dict[str, str] = {}
    for role, names in SETTINGS.items():
        deployed = await cloudformation.find(stack(role, deployment).name)
        if deployed is not None:
            found |= {names[name]: value for name, value in deployed.outputs.items() if name in names}
    if not found:
        raise StackError(f"there is no {deployment} here")
    return found
