"""Computes the lengths of segments, of fragments and of groups of pictures. Pure.

A segment begins with a fragment, and a fragment with a keyframe, so the lengths have to fit into each other.
"""

from dataclasses import dataclass
from math import ceil, floor

from mediaconvert_emulator.spec import FileGroup, Group, HlsGroup, SegmentedGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLengths:
    """The lengths of one rendition; a file has neither segments nor fragments."""

    keyframe_interval_s: float
    segment_s: float | None = None
    fragment_s: float | None = None


def stream_lengths(group: Group, gop_s: float) -> StreamLengths:
    """Return the lengths of a rendition with this group of pictures.

    Segments are as long as specified, or rounded up to whole groups of pictures for GOP_MULTIPLE. Exact segments add
    keyframes instead. As on AWS, a fragment ends at the first keyframe after the specified length, so fragments of two
    seconds in segments of 15 are a little longer.
    """
    match group:
        case FileGroup():
            return StreamLengths(keyframe_interval_s=gop_s)
        case HlsGroup():
            segment_s = group.segment_s if group.is_segment_exact else _whole(group.segment_s, gop_s)
            return StreamLengths(keyframe_interval_s=_divide(segment_s, gop_s), segment_s=segment_s)
        case SegmentedGroup(is_segment_exact=True):
            fragment_s = group.segment_s / floor(round(group.segment_s / group.fragment_s, 6))
            keyframe_interval_s = _divide(fragment_s if gop_s <= fragment_s else group.segment_s, gop_s)
            return StreamLengths(
                keyframe_interval_s=keyframe_interval_s,
                segment_s=group.segment_s,
                fragment_s=max(fragment_s, keyframe_interval_s),
            )
        case SegmentedGroup():
            fragment_s = _whole(group.fragment_s, gop_s)
            return StreamLengths(
                keyframe_interval_s=gop_s, segment_s=_whole(group.segment_s, fragment_s), fragment_s=fragment_s
            )


def _divide(length_s: float, longest_s: float) -> float:
    """Return the longest interval that is not above `longest_s`, and of which a whole number makes a length."""
    return length_s / ceil(round(length_s / longest_s, 6))


def _whole(length_s: float, part_s: float) -> float:
    """Return a length, rounded up to a whole number of parts."""
    return ceil(round(length_s / part_s, 6)) * part_s
