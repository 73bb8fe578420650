"""The cookies with which a browser fetches a video's key. A response that shows a COMPLETE job sets them.

The cookies are never logged, and never part of a response body.
"""

from collections.abc import Mapping

from starlette.responses import Response

from service.playback.grant import Grant, grant
from service.playback.signer import Signer
from transcode.job import Job, Status

MAX_CACHED_SIGNATURES = 1_000
"""Signatures of about a kilobyte; computing one takes a millisecond."""


class PlaybackCookies:
    """Sets the cookies on responses. The calling code must have checked that the caller may see the job."""

    def __init__(self, signer: Signer, *, playback_base_url: str, ttl_s: int) -> None:
        self._signer = signer
        self._playback_base_url = playback_base_url
        self._ttl_s = ttl_s
        self._signed: dict[Grant, Mapping[str, str]] = {}

    def set_on(self, response: Response, job: Job | None, *, now_s: int) -> None:
        """Set the cookies for the job's video, if the job is complete and ours.

        Another program chooses the output path of its job, so it could choose that of a foreign video.
        """
        if job is None or job.is_followed or job.status is not Status.COMPLETE or job.output is None:
            return
        job_grant = grant(job.output.path, playback_base_url=self._playback_base_url, ttl_s=self._ttl_s, now_s=now_s)
        for name, value in self._values(job_grant).items():
            response.set_cookie(
                name,
                value,
                max_age=job_grant.expires_s - now_s,
                path=job_grant.cookie_path,
                secure=True,
                httponly=True,
                samesite="strict",
            )

    def _values(self, job_grant: Grant) -> Mapping[str, str]:
        values = self._signed.get(job_grant)
        if values is None:
            values = self._signer.values(job_grant)
            if len(self._signed) >= MAX_CACHED_SIGNATURES:
                self._signed.clear()
            self._signed[job_grant] = values
        return values
