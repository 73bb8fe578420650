"""The rule for which inputs get a job, from what the probe found in the file. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transcode.job import Failure
from worker.submission.probed_input import ProbedInput

TOO_LARGE_CODE = 413
"""The code of an input that is longer, or has a larger frame, than this deployment accepts."""
NO_VIDEO_CODE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLimits:
    """The longest video, and the longest side of its frame, that this deployment accepts."""

    max_duration_s: int
    max_side_px: int

    def refusal(self, probed: ProbedInput, template: Mapping[str, Any]) -> Failure | None:
        """Return why the input gets no job, with the limit and the value found; None if it may have one.

        `template` has the settings of the job template. An input in which the probe found no track at all may have a
        job: MediaConvert reads more than the probe.
        """
        if probed.duration_ms is not None and probed.duration_ms > self.max_duration_s * 1000:
            return Failure(
                code=TOO_LARGE_CODE,
                reason="input_too_long",
                message=f"The video is {probed.duration_ms / 1000:.0f} seconds long; "
                f"{self.max_duration_s} seconds are accepted.",
            )
        if max(probed.width_px or 0, probed.height_px or 0) > self.max_side_px:
            return Failure(
                code=TOO_LARGE_CODE,
                reason="frame_too_large",
                message=f"The video's frame is {probed.width_px} x {probed.height_px} pixels; "
                f"{self.max_side_px} on each side are accepted.",
            )
        if probed.audio_tracks and not probed.video_tracks and has_video_outputs(template):
            return Failure(
                code=NO_VIDEO_CODE,
                reason="no_video_track",
                message=f"The file has {probed.audio_tracks} audio tracks and no video track; "
                "at least 1 video track is required.",
            )
        return None


def has_video_outputs(template: Mapping[str, Any]) -> bool:
    """Return whether a job of this template makes a picture. An output that names a preset counts as unknown."""
    return any(
        "VideoDescription" in output
        for group in template.get("OutputGroups") or ()
        for output in group.get("Outputs") or ()
    )
