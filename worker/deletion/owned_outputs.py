"""Which objects of the output bucket belong to an upload: the folders of all its jobs. Pure.

A job's folder is `<input file>_<14 digits>-<6 hexadecimal digits>/`. So all folders of one input file begin with the
same prefix, and these rules keep the outputs of other uploads:

- After the prefix, a folder has exactly a time and a token. A file whose name only begins with this file's name has
  other characters there.
- Another input file can have a key below one of the folders. The name of its own folder then contains a second time and
  token, so those objects are not this upload's.
- The name of a folder is shortened, and some characters are replaced. Two input files that an operator copied into the
  bucket can thus have one prefix. info.json in the folder names the input file, and a folder that names another one
  stays. The keys that the service chooses have none of these characters, and an unguessable folder of their own.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from worker.submission.output_names import output_path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JOB_PART = r"[0-9]{14}-[0-9a-f]{6}/"
_ANOTHER_FOLDER = re.compile(rf"_{_JOB_PART}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFolder:
    """A folder of one job of the upload; `job_id` is None if the folder doesn't name it."""

    path: str
    job_id: str | None = None

    def has(self, key: str) -> bool:
        """Return whether the object is an output of this job."""
        return key.startswith(self.path) and not _ANOTHER_FOLDER.search(key, len(self.path))


def output_prefix(input_file: str) -> str:
    """Return the part that the names of all folders of the input file's jobs begin with.

    >>> output_prefix("uploads/1f/cat.mp4")
    'uploads/1f/cat.mp4_'
    """
    path = output_path(input_file, created_at=_EPOCH, token="0" * 6)
    return path.removesuffix("19700101000000-000000/")


def is_job_folder(folder: str, *, prefix: str) -> bool:
    """Return whether the folder is one of a job, and not of a file with a longer name.

    >>> is_job_folder("uploads/1f/cat.mp4_20261122083000-0a1b2c/", prefix="uploads/1f/cat.mp4_")
    True
    >>> is_job_folder("uploads/1f/cat.mp4_2.mp4_20261122083000-0a1b2c/", prefix="uploads/1f/cat.mp4_")
    False
    """
    return folder.startswith(prefix) and re.fullmatch(_JOB_PART, folder[len(prefix) :]) is not None


def job_folder(path: str, info: bytes | None, *, input_file: str) -> JobFolder | None:
    """Return the folder of the upload's job; None if info.json says that it is the folder of another upload.

    `info` is the content of info.json. A folder without a readable one belongs to a job that didn't complete.
    """
    try:
        content = json.loads(info) if info is not None else {}
    except ValueError:
        content = {}
    if not isinstance(content, dict):
        return JobFolder(path=path)
    if content.get("input_file", input_file) != input_file:
        return None
    job_id = content.get("job_id")
    return JobFolder(path=path, job_id=job_id if isinstance(job_id, str) else None)


def input_file_of(key: str) -> str | None:
    """Return the input file whose job may have written the object, from the folder's name; None if it is no output.

    >>> input_file_of("uploads/1f/cat.mp4_20261122083000-0a1b2c/cat.m3u8")
    'uploads/1f/cat.mp4'
    """
    found = list(_ANOTHER_FOLDER.finditer(key))
    return key[: found[-1].start()] if found else None
