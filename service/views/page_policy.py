"""The page's Content-Security-Policy: the addresses that its scripts may reach. Pure.

A script that an attacker brings into the page can then send nothing to other addresses. infra/edge.yaml has the same
policy for the deployed page.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit


def content_security_policy(*, connect: Iterable[str], media: Iterable[str]) -> str:
    """Return the policy; `connect` are addresses of the API's own, S3, playback and sign-in, `media` of playback.

    Posters come from where the videos come from. The pictures of local files are `data:`.
    """
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {_sources(media)} data:; "
        f"worker-src 'self' blob:; connect-src {_sources(connect)}; media-src {_sources(media)} blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def upload_sources(*, bucket: str, region: str, endpoint_url: str | None) -> list[str]:
    """Return the addresses that presigned uploads name: those of `transcode/aws.py`, or an endpoint's own.

    >>> upload_sources(bucket="clips-in", region="eu-west-1", endpoint_url=None)
    ['https://clips-in.s3.eu-west-1.amazonaws.com', 'https://s3.eu-west-1.amazonaws.com/clips-in/']
    """
    if endpoint_url is not None:
        return [origin(endpoint_url)]
    domain = f"{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    # The second is for a bucket whose name has dots. With the slash, it includes everything below.
    return [f"https://{bucket}.s3.{domain}", f"https://s3.{domain}/{bucket}/"]


def origin(url: str) -> str:
    """Return the URL's origin.

    >>> origin("https://video.example:8443/uploads/?a=b")
    'https://video.example:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _sources(addresses: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(["'self'", *addresses]))
