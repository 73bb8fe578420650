"""The parsed settings of a group's manifests and of its files in S3. Pure."""

from dataclasses import dataclass
from datetime import date

from mediaconvert_emulator.timecode import Timecode


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """Arguments of S3's PutObject for all files of a group, by name."""

    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalManifest:
    """One more main manifest, which names only some of the group's outputs."""

    name_modifier: str
    output_indexes: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistOptions:
    """The form of HLS playlists."""

    has_integer_durations: bool = False
    is_target_rounded: bool = False
    """True for TargetDurationCompatibilityMode SPEC_COMPLIANT."""
    is_cacheable: bool = True
    has_resolution: bool = True
    """In the main playlist."""
    is_compressed: bool = False
    target_s: int | None = None
    """Replaces the target duration of the segments."""
    base_url: str = ""
    """The text before every URI of a media or main playlist, but not before a key's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDate:
    """The date of the first picture, and the distance of the dates in a playlist."""

    day: date
    start: Timecode | None
    """The time of day; None means that of the input's timecode if `is_embedded`, else midnight."""
    is_embedded: bool
    period_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLayout:
    """The files of an HLS output's segments."""

    is_single_file: bool = False
    has_folder: bool = False
    """True if each output has a folder of its own."""
    segments_per_folder: int | None = None
    """None means all."""


DEFAULT_PLAYLIST = PlaylistOptions()
DEFAULT_LAYOUT = SegmentLayout()
DEFAULT_S3 = S3Options()
