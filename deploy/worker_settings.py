"""Reads the worker's settings from a deployment, for an operator's commands: worker.redrive, worker.reconcile."""

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
        "SubmissionQueueUrl": "SUBMISSION_QUEUE_URL",
        "JobEventsQueueUrl": "JOB_EVENTS_QUEUE_URL",
        "Webhook1QueueUrl": "WEBHOOK_1_QUEUE_URL",
        "Webhook2QueueUrl": "WEBHOOK_2_QUEUE_URL",
        "Webhook3QueueUrl": "WEBHOOK_3_QUEUE_URL",
    },
    "mediaconvert": {
        "MediaConvertRoleArn": "MEDIACONVERT_ROLE",
        "MediaConvertQueueArn": "MEDIACONVERT_QUEUE",
        "MediaConvertJobTemplates": "MEDIACONVERT_JOB_TEMPLATES",
    },
}
"""The setting for each output, by the stack's role."""


async def settings(deployment: str, cloudformation: CloudFormation) -> Mapping[str, str]:
    """Return the environment variables with which `python -m worker.redrive` uses this deployment.

    Raises:
        StackError: the deployment doesn't exist.
    """
    found: dict[str, str] = {}
    for role, names in SETTINGS.items():
        deployed = await cloudformation.find(stack(role, deployment).name)
        if deployed is not None:
            found |= {names[name]: value for name, value in deployed.outputs.items() if name in names}
    if not found:
        raise StackError(f"there is no {deployment} here")
    return found
