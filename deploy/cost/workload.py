"""What is assumed of the videos, of who uploads and who watches; docs/cost.md states it. Pure."""

from dataclasses import dataclass

SCALES = (1_000, 100_000, 10_000_000)
"""Minutes of video a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A month."""

    minutes: int
    video_minutes: float = 5
    """Length of one video."""
    source_mbit_s: float = 8
    """Bit rate of what is uploaded."""
    outputs_mbit_s: float = 5.9
    """Bit rate of all renditions together."""
    views: float = 2
    """How often a video is watched in the month, from beginning to end."""
    watched_mbit_s: float = 2
    """Bit rate of what is watched."""
    misses: float = 0.5
    """Share of the requests for segments that CloudFront takes on to S3."""
    transcode_share: float = 0.5
    """Seconds that MediaConvert takes for a second of video."""
    update_interval_s: float = 10
    """STATUS_UPDATE_INTERVAL_S."""
    worker_memory_gb: float = 0.5
    service_memory_gb: float = 1.0
    submit_s: float = 0.5
    """Of a function, for one upload; CreateJob is most of it."""
    event_s: float = 0.05
    """Of a function, for one event."""
    request_s: float = 0.02
    """Of a function, for one request of the API."""

    @property
    def uploads(self) -> float:
        """Uploads, and jobs."""
        return self.minutes / self.video_minutes

    @property
    def job_s(self) -> float:
        """Seconds that a job runs."""
        return self.video_minutes * 60 * self.transcode_share

    @property
    def updates(self) -> float:
        """STATUS_UPDATE events of one job."""
        return self.job_s / self.update_interval_s

    @property
    def messages(self) -> float:
        """Messages in both queues for one upload: S3's, PROGRESSING, the updates, INPUT_INFORMATION, COMPLETE."""
        return 4 + self.updates

    @property
    def stored_gb(self) -> float:
        """What the month's videos take in S3, uploads and outputs."""
        return self.minutes * 60 * (self.source_mbit_s + self.outputs_mbit_s) / 8 / 1_000

    @property
    def sent_gb(self) -> float:
        """What is watched."""
        return self.minutes * self.views * 60 * self.watched_mbit_s / 8 / 1_000
