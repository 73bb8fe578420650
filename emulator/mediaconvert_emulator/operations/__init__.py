"""The 34 operations of MediaConvert's API. Each is performed, or refused by name.

Paths, methods and status codes come from the service's model in botocore, so that no route is written by hand.
"""

from mediaconvert_emulator.operations import account, jobs, queues, tags, templates
from mediaconvert_emulator.operations.call import Call, Operation

OPERATIONS: dict[str, Operation] = {
    **jobs.OPERATIONS,
    **queues.OPERATIONS,
    **templates.OPERATIONS,
    **tags.OPERATIONS,
    **account.OPERATIONS,
}

__all__ = ["OPERATIONS", "Call", "Operation"]
