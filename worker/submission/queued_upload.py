"""The message of the submission queue: one object version, in the form of Job Requested. Pure.

The form is the same wherever the upload comes from, and the worker's parser reads it. Its claim is that of the event
from which the message was made, so an operator may send it to the uploads queue too.
"""

import hashlib
from collections.abc import Mapping

from transcode.correlation import Correlation
from transcode.job_requested import job_requested
from worker.messages.events import ObjectCreated
from worker.outcomes import FIRST_SEEN_KEY, Message


def body(upload: ObjectCreated, *, bucket: str) -> str:
    """Return the message's body."""
    return job_requested(
        bucket=bucket,
        key=upload.input_file,
        size_bytes=upload.size_bytes,
        etag="",
        version_id=upload.version,
        replaces=upload.replaces,
    )


def attributes(message: Message, correlation: Correlation) -> Mapping[str, str]:
    """Return the message's attributes: the correlation ids, and the time from which the upload waits."""
    first_seen = {} if message.first_seen_ms is None else {FIRST_SEEN_KEY: str(message.first_seen_ms)}
    return {**correlation.as_message_attributes(), **first_seen}


def tenant(owner: str | None, input_file: str) -> str:
    """Return the MessageGroupId: uploads of one owner belong together, and without an owner, those of one folder.

    The service gives each upload a folder of its own, so uploads without an owner don't slow each other down. Files
    that a program copies into one folder belong together. The id is a hash, because SQS limits its characters.

    >>> tenant("alice", "uploads/1/a.mp4") == tenant("alice", "uploads/2/b.mp4")
    True
    >>> tenant(None, "uploads/1/a.mp4") == tenant(None, "uploads/2/b.mp4")
    False
    """
    of = f"owner {owner}" if owner is not None else f"folder {input_file.rpartition('/')[0]}"
    return hashlib.sha256(of.encode(errors="surrogatepass")).hexdigest()[:32]
