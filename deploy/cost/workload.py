"""Assumptions about videos, uploads and viewers, as stated in docs/cost.md. Pure."""

from dataclasses import dataclass

SCALES = (1_000, 100_000, 10_000_000)
"""Minutes of video per month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The load of one month."""

    minutes: int
    video_minutes: float = 5
    """Length of one video."""
    source_mbit_s: float = 8
    """Bit rate of the uploaded videos."""
    outputs_mbit_s: float = 5.9
    """Bit rate of all renditions together."""
    views: float = 2
    """Number of full views of a video in the month."""
    watched_mbit_s: float = 2
    """Bit rate of the watched renditions."""
    misses: float = 0.5
    """Share of the segment requests that CloudFront forwards to S3."""
    transcode_share: float = 0.5
    """Seconds of transcoding per second of video."""
    update_interval_s: float = 10
    """The setting STATUS_UPDATE_INTERVAL_S."""
    worker_memory_gb: float = 0.5
    service_memory_gb: float = 1.0
    submit_s: float = 0.5
    """Function time for one upload; most of it is CreateJob."""
    event_s: float = 0.05
    """Function time for one job event."""
    request_s: float = 0.02
    """Function time for one API request."""

    @property
    def uploads(self) -> float:
        """Number of uploads, and of jobs."""
        return self.minutes / self.video_minutes

    @property
    def job_s(self) -> float:
        """Duration of a job."""
        return self.video_minutes * 60 * self.transcode_share

    @property
    def updates(self) -> float:
        """Number of STATUS_UPDATE events of one job."""
        return self.job_s / self.update_interval_s

    @property
    def messages(self) -> float:
        """Number of messages in all queues for one upload.

        S3's, that of the submission queue, PROGRESSING, updates, INPUT_INFORMATION, COMPLETE.
        """
        return 5 + self.updates

    @property
    def uploaded_gb(self) -> float:
        """Size of the month's uploads."""
        return self.minutes * 60 * self.source_mbit_s / 8 / 1_000

    @property
    def output_gb(self) -> float:
        """Size of the month's outputs."""
        return self.minutes * 60 * self.outputs_mbit_s / 8 / 1_000

    @property
    def stored_gb(self) -> float:
        """Size of the month's uploads and outputs in S3."""
        return self.uploaded_gb + self.output_gb

    @property
    def sent_gb(self) -> float:
        """Amount of video data sent to viewers."""
        return self.minutes * self.views * 60 * self.watched_mbit_s / 8 / 1_000
