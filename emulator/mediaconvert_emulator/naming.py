"""MediaConvert's names of output files in S3. Pure."""

import posixpath
from dataclasses import dataclass
from urllib.parse import quote

CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mp4": "video/mp4",
    ".cmfv": "video/mp4",
    ".cmfa": "audio/mp4",
    ".mpd": "application/dash+xml",
    ".mov": "video/quicktime",
    ".m4v": "video/mp4",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ac3": "audio/ac3",
    ".eac3": "audio/eac3",
    ".mp2": "audio/mpeg",
    ".mp3": "audio/mpeg",
    ".aiff": "audio/aiff",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
}


@dataclass(frozen=True, slots=True)
class S3Location:
    """A bucket and a key."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The location as s3://bucket/key."""
        return f"s3://{self.bucket}/{self.key}"

    def sibling(self, name: str) -> "S3Location":
        """Return the location of the file `name` in the same folder."""
        return S3Location(self.bucket, posixpath.join(posixpath.dirname(self.key), name))


def parse_s3_uri(uri: str) -> S3Location:
    """Return the location of an s3:// URI; the key is not percent-decoded."""
    bucket, _, key = uri[len("s3://") :].partition("/")
    return S3Location(bucket, key)


def output_base(destination: str, input_uri: str) -> S3Location:
    """Return the location and base name of a group's files.

    A destination that ends in "/" is a folder. Its files have the input's name without its suffix.
    """
    location = parse_s3_uri(destination)
    if location.key and not location.key.endswith("/"):
        return location
    stem, _ = posixpath.splitext(posixpath.basename(parse_s3_uri(input_uri).key))
    return S3Location(location.bucket, location.key + stem)


def segment_suffix(number: int) -> str:
    """Return the end of a segment's file name; the first segment is number 1."""
    return f"_{number:05d}.ts"


def playlist_reference(name: str) -> str:
    """Return a file name as a playlist refers to it: a percent-encoded relative URI (RFC 8216, section 4.1)."""
    reference = quote(name)
    return f"./{reference}" if ":" in reference else reference


def content_type(name: str) -> str:
    """Return the Content-Type of a file with this name."""
    return CONTENT_TYPES.get(posixpath.splitext(name)[1].lower(), "application/octet-stream")
