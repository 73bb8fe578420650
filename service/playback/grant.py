"""The rule for playback cookies: what they allow, when they expire, and to which paths browsers send them. Pure.

Key files need cookies, and all files that aren't encrypted: posters and downloads. Playlists are not secret, and
segments are useless without the key. A policy can name one pattern only, so it names the whole folder.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The permission to fetch all files of one output, until `expires_s`."""

    resource: str
    """The URLs that it allows, as a CloudFront resource pattern: `*` matches any characters."""
    cookie_path: str
    """The path below which a browser sends the cookie: this output's, and no other output's."""
    expires_s: int
    """Unix time."""


def grant(output_path: str, *, playback_base_url: str, ttl_s: int, now_s: int) -> Grant:
    """Return the grant for a finished job, valid for at most `ttl_s` seconds and at least half of that.

    The expiry moves in steps, so that all callers within a step get the same grant, which is signed once.

    >>> grant("uploads/6f1c/a b.mp4_1/", playback_base_url="https://v.example", ttl_s=600, now_s=1_000_000)
    ... # doctest: +NORMALIZE_WHITESPACE
    Grant(resource='https://v.example/uploads/6f1c/a%20b.mp4_1/*', cookie_path='/uploads/6f1c/a%20b.mp4_1/',
      expires_s=1000500)
    """
    folder = quote(output_path)  # as in `playback_url`: browsers and CloudFront compare the encoded path
    step_s = max(1, ttl_s // 2)
    return Grant(
        resource=f"{playback_base_url}/{folder}*",
        cookie_path=f"{urlsplit(playback_base_url).path}/{folder}",
        expires_s=(now_s // step_s + 2) * step_s,
    )
