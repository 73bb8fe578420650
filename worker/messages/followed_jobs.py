"""The rule for other programs' jobs: which of them the worker follows, and what their metadata may say. Pure.

A job is ours if its user metadata names our input bucket and, where others are followed, a claim: our code writes both.
Any other job is followed if its queue is followed. A followed job may name its upload and its owner. It never changes
the row of an upload, so a job that names an upload of ours can't take its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

MAX_TEXT = 256
"""Characters of a value of user metadata, as MediaConvert limits them."""
INPUT_FILE_KEY = "InputFile"
OWNER_KEY = "Owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedJob:
    """The upload and the owner that another program names for its job; None if the user metadata lacks them."""

    input_file: str | None = None
    owner: str | None = None

    @property
    def file_name(self) -> str | None:
        """The last part of the input file's key."""
        return self.input_file.rpartition("/")[2] or None if self.input_file else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRule:
    """The queues whose jobs are followed, by name or ARN; without any, only our own jobs are."""

    queues: frozenset[str] = frozenset()
    output_bucket: str = ""

    def follows(self, queue: str | None) -> bool:
        """Return whether the jobs of this queue, an ARN, are followed.

        >>> rule = FollowRule(queues=frozenset({"Default"}))
        >>> rule.follows("arn:aws:mediaconvert:eu-west-1:111122223333:queues/Default"), rule.follows(None)
        (True, False)
        """
        return queue is not None and not self.queues.isdisjoint({queue, queue.rpartition("/")[2]})

    def output_path(self, folder: str) -> str:
        """Return the path of outputs in a folder: a key prefix in our output bucket, elsewhere the whole address.

        >>> FollowRule(output_bucket="ours").output_path("s3://ours/a/"), FollowRule().output_path("s3://theirs/a/")
        ('a/', 's3://theirs/a/')
        """
        return folder.removeprefix(f"s3://{self.output_bucket}/") if self.output_bucket else folder


def followed_job(metadata: Mapping[str, str]) -> FollowedJob:
    """Return what the user metadata says; a value that can't be a key or an owner is left out."""
    return FollowedJob(input_file=_text(metadata, INPUT_FILE_KEY), owner=_text(metadata, OWNER_KEY))


def _text(metadata: Mapping[str, str], name: str) -> str | None:
    value = metadata.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable() else None
