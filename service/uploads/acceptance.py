"""The rule for which uploads are accepted, by type, size and duration. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.uploads.parts import PartPlan
from transcode.errors import UnknownProfileError, UnsupportedTypeError, UploadTooLargeError, UploadTooLongError

MAX_SINGLE_BYTES = 5 * 1024**3
"""S3's own limit for one PUT or POST; larger files must be uploaded in parts."""

EXTENSIONS = {
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov", ".qt"),
    "video/x-matroska": (".mkv",),
    "video/webm": (".webm",),
    "video/mpeg": (".mpeg", ".mpg"),
    "video/mp2t": (".ts", ".m2ts", ".mts"),
    "video/x-msvideo": (".avi",),
    "video/x-ms-wmv": (".wmv",),
    "video/x-flv": (".flv",),
    "video/3gpp": (".3gp",),
    "video/ogg": (".ogv", ".ogg"),
    "application/mxf": (".mxf",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a",),
    "audio/x-m4a": (".m4a",),
    "audio/aac": (".aac",),
    "audio/wav": (".wav",),
    "audio/x-wav": (".wav",),
    "audio/flac": (".flac",),
    "audio/ogg": (".oga", ".ogg", ".opus"),
    "audio/webm": (".weba",),
    "audio/aiff": (".aif", ".aiff"),
    "audio/x-aiff": (".aif", ".aiff"),
}
"""The extensions of files of each type. https://www.iana.org/assignments/media-types/media-types.xhtml"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The content types, sizes and durations that this deployment accepts."""

    profiles: Mapping[str, Sequence[str]]
    """The accepted content types by profile; the first profile is the default."""
    max_bytes: int
    max_duration_s: int

    @property
    def default_profile(self) -> str:
        """The profile of uploads that name none."""
        return next(iter(self.profiles))

    def extensions(self, profile: str) -> Sequence[str]:
        """Return the extensions of the types that the profile accepts. A type that isn't in the table adds none."""
        return list(
            dict.fromkeys(
                extension for each in self.profiles[profile] for extension in EXTENSIONS.get(each.lower(), ())
            )
        )

    def profile(self, name: str | None) -> str:
        """Return the profile of an upload that names this one, or none.

        Raises:
            UnknownProfileError: The deployment has no such profile; the error names all.
        """
        if name is None:
            return self.default_profile
        if name not in self.profiles:
            raise UnknownProfileError(f"The profile is unknown; known profiles: {', '.join(self.profiles)}.")
        return name

    def part_plan(self, *, announced_bytes: int | None, part_bytes: int | None) -> PartPlan:
        """Return the parts that an upload may have."""
        max_bytes = min(self.max_bytes, announced_bytes or self.max_bytes)
        return PartPlan(max_bytes=max_bytes, is_announced=announced_bytes is not None, part_bytes=part_bytes)

    @property
    def max_single_bytes(self) -> int:
        """The largest file that a client may upload in one request."""
        return min(self.max_bytes, MAX_SINGLE_BYTES)

    def check_type(self, content_type: str, profile: str) -> None:
        """Check the content type, without regard to its case and parameters (`video/webm;codecs=vp9`).

        Raises:
            UnsupportedTypeError: The profile doesn't accept the type; the error names the accepted types.
        """
        accepted_types = self.profiles[profile]
        essence = content_type.partition(";")[0].strip().lower()
        if essence not in {accepted.lower() for accepted in accepted_types}:
            raise UnsupportedTypeError(
                f"The content type is not accepted; accepted types: {', '.join(accepted_types)}."
            )

    def check_duration(self, duration_ms: int | None) -> None:
        """Check the announced duration; an upload needn't announce one.

        Raises:
            UploadTooLongError: The video is too long; the error says the limit.
        """
        if duration_ms is not None and duration_ms > self.max_duration_s * 1000:
            raise UploadTooLongError(
                f"The video is {duration_ms / 1000:.0f} seconds long; {self.max_duration_s} seconds are accepted."
            )

    def check_size(self, size_bytes: int, *, in_parts: bool) -> None:
        """Check the size of a file that is uploaded in one request or in parts.

        Raises:
            UploadTooLargeError: The file is too large; the error says the limit, and whether parts would be accepted.
        """
        if size_bytes > self.max_bytes:
            raise UploadTooLargeError(f"The file is larger than {self.max_bytes} bytes.")
        if not in_parts and size_bytes > self.max_single_bytes:
            raise UploadTooLargeError(
                f"The file is larger than {self.max_single_bytes} bytes, S3's limit per request; upload it in parts."
            )
