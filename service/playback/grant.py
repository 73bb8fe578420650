"""What a cookie for playback allows, for how long, and where a browser sends it. Pure.

Only key files are guarded: playlists are no secret, and segments are of no use without the key.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The key files of one output, until a moment."""

    resource: str
    """Which addresses it allows; `*` stands for any characters, also in CloudFront's eyes."""
    cookie_path: str
    """Below which path a browser sends it: that of this output, and of no other."""
    expires_s: int
    """Unix time."""


def grant(output_path: str, *, playback_base_url: str, ttl_s: int, now_s: int) -> Grant:
    """Return what whoever may see a finished job is given: good for `ttl_s` seconds at most, and half of that at least.

    Its end moves in steps, so that all who ask in between are given the same, which is signed once.

    >>> grant("uploads/6f1c/a b.mp4_1/", playback_base_url="https://v.example", ttl_s=600, now_s=1_000_000)
    ... # doctest: +NORMALIZE_WHITESPACE
    Grant(resource='https://v.example/uploads/6f1c/a%20b.mp4_1/*.key', cookie_path='/uploads/6f1c/a%20b.mp4_1/',
      expires_s=1000500)
    """
    folder = quote(output_path)  # as in `playback_url`: browsers and CloudFront compare what stands in the address
    step_s = max(1, ttl_s // 2)
    return Grant(
        resource=f"{playback_base_url}/{folder}*.key",
        cookie_path=f"{urlsplit(playback_base_url).path}/{folder}",
        expires_s=(now_s // step_s + 2) * step_s,
    )
