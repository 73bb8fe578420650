"""An input file, before and beside its job. Pure."""

from dataclasses import dataclass

from transcode.job import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What is known of an input file: before its job is made, `job_id` is None; `failure` says why none could be.

    `announced_s` is Unix seconds.
    """

    input_file: str
    job_id: str | None = None
    file_name: str | None = None
    owner: str | None = None
    failure: Failure | None = None
    announced_s: int | None = None
