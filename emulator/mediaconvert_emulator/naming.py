"""MediaConvert's names for what it writes."""

import posixpath
from dataclasses import dataclass
from urllib.parse import quote

CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
}


@dataclass(frozen=True, slots=True)
class Location:
    """A place in S3."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The place as s3://bucket/key."""
        return f"s3://{self.bucket}/{self.key}"

    def beside(self, name: str) -> "Location":
        """The place of `name` in the same folder."""
        return Location(self.bucket, posixpath.join(posixpath.dirname(self.key), name))


def locate(uri: str) -> Location:
    """The place that an s3:// URI names; its key is taken as it is, not decoded."""
    bucket, _, key = uri[len("s3://") :].partition("/")
    return Location(bucket, key)


def output_base(destination: str, input_uri: str) -> Location:
    """The place and base name of a group's files.

    A destination that ends in "/" is a folder, and the files take the input's name without its suffix.
    """
    place = locate(destination)
    if place.key and not place.key.endswith("/"):
        return place
    stem, _ = posixpath.splitext(posixpath.basename(locate(input_uri).key))
    return Location(place.bucket, place.key + stem)


def segment_suffix(number: int) -> str:
    """What a segment's name ends with; the first is number 1."""
    return f"_{number:05d}.ts"


def playlist_reference(name: str) -> str:
    """A file's name as a playlist refers to it: a relative URI, encoded (RFC 8216, section 4.1)."""
    reference = quote(name)
    return f"./{reference}" if ":" in reference else reference


def content_type(name: str) -> str:
    """The Content-Type of a file with this name."""
    return CONTENT_TYPES.get(posixpath.splitext(name)[1].lower(), "application/octet-stream")
