"""The cookies with which a browser fetches a video's key, set where a caller is shown a job that is complete.

They are never logged, and never part of a body.
"""

from collections.abc import Mapping

from starlette.responses import Response

from service.playback.grant import Grant, grant
from service.playback.signer import Signer
from transcode.job import Job, Status

MOST_KEPT = 1_000
"""Signatures of about a kilobyte; making one takes a millisecond."""


class PlaybackCookies:
    """Gives them, to whoever the caller has found may see the job."""

    def __init__(self, signer: Signer, *, playback_base_url: str, ttl_s: int) -> None:
        self._signer = signer
        self._playback_base_url = playback_base_url
        self._ttl_s = ttl_s
        self._signed: dict[Grant, Mapping[str, str]] = {}

    def set_on(self, response: Response, job: Job | None, *, now_s: int) -> None:
        """Set the cookies for a job's video, if it has one."""
        if job is None or job.status is not Status.COMPLETE or job.output is None:
            return
        given = grant(job.output.path, playback_base_url=self._playback_base_url, ttl_s=self._ttl_s, now_s=now_s)
        for name, value in self._values(given).items():
            response.set_cookie(
                name,
                value,
                max_age=given.expires_s - now_s,
                path=given.cookie_path,
                secure=True,
                httponly=True,
                samesite="strict",
            )

    def _values(self, given: Grant) -> Mapping[str, str]:
        values = self._signed.get(given)
        if values is None:
            values = self._signer.values(given)
            if len(self._signed) >= MOST_KEPT:
                self._signed.clear()
            self._signed[given] = values
        return values
