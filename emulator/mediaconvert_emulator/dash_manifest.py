"""MediaConvert's DASH manifest (MPD, ISO/IEC 23009-1). Pure."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby
from math import floor

from mediaconvert_emulator.naming import playlist_reference

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
PROFILES = {True: "urn:mpeg:dash:profile:isoff-on-demand:2011", False: "urn:mpeg:dash:profile:isoff-main:2011"}
CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
ROLES = "urn:mpeg:dash:role:2011"
NO_LANGUAGE = "und"
TIME = "$Time$"


@dataclass(frozen=True, slots=True, kw_only=True)
class DashIndex:
    """A single file, and the bytes of its header and of its segment index."""

    name: str
    header_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DashSegments:
    """Files of segments: the names of the header and, with an identifier, of the segments, and their lengths.

    Captions have no header.
    """

    header_name: str | None
    media_name: str
    durations_s: tuple[float, ...]
    nominal_s: float
    identifier: str = "$Number%09d$"
    """The identifier of a segment in `media_name`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """One output of a stream. Video has a size and a rate; audio has channels, a sample rate and a language."""

    codecs: str
    bandwidth_bps: int
    timescale: int
    duration_s: float
    media: DashIndex | DashSegments
    size_px: tuple[int, int] | None = None
    frame_rate: Fraction | None = None
    channels: int | None = None
    sample_rate_hz: int | None = None
    language: str | None = None
    text_role: str | None = None
    """The role of captions; None for video and audio."""

    @property
    def set_key(self) -> tuple[bool, bool, str, str, str]:
        """The representations between which a player may switch have the same key."""
        codecs = self.codecs if self.size_px is None else ""
        return bool(self.text_role), self.size_px is None, self.language or NO_LANGUAGE, codecs, self.text_role or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestOptions:
    """The settings of a manifest."""

    is_on_demand: bool
    has_timeline: bool
    min_buffer_s: float
    base_url: str | None


def dash_manifest(representations: Sequence[Representation], options: ManifestOptions) -> str:
    """Return the manifest of a group: the videos are in one set, and the audio in one set for each language."""
    duration = _seconds(max(each.duration_s for each in representations))
    root = ET.Element("MPD", {"xmlns": NAMESPACE, "type": "static"})
    root.set("minBufferTime", _seconds(options.min_buffer_s))
    root.set("profiles", PROFILES[options.is_on_demand])
    root.set("mediaPresentationDuration", duration)
    if options.base_url:
        ET.SubElement(root, "BaseURL").text = options.base_url
    period = ET.SubElement(root, "Period", {"start": "PT0S", "duration": duration, "id": "1"})
    ordered = sorted(representations, key=lambda each: each.set_key)
    numbers = {id(each): number for number, each in enumerate(ordered, start=1)}
    for _, members in groupby(ordered, key=lambda each: each.set_key):
        _add_set(period, [(numbers[id(each)], each) for each in members], options)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_set(period: ET.Element, members: Sequence[tuple[int, Representation]], options: ManifestOptions) -> None:
    first = members[0][1]
    is_video = first.size_px is not None
    attributes = {"mimeType": "video/mp4" if is_video else "audio/mp4"}
    if is_video:
        attributes |= {"segmentAlignment": "true", "subsegmentAlignment": "true", "startWithSAP": "1"}
        attributes |= {"subsegmentStartsWithSAP": "1", "bitstreamSwitching": "false"}
    else:
        attributes |= {"lang": first.language or NO_LANGUAGE, "segmentAlignment": "0"}
    if first.text_role:
        attributes = {"mimeType": "text/vtt", "lang": first.language or NO_LANGUAGE}
    adaptation = ET.SubElement(period, "AdaptationSet", attributes)
    if first.text_role:
        _add_role(adaptation, first.text_role)
    for number, member in members:
        _add_representation(adaptation, number, member, options)


def _add_role(adaptation: ET.Element, role: str) -> None:
    """Add the role of captions, with the names of the attributes as AWS documents them."""
    if role == "caption":
        ET.SubElement(adaptation, "Accessibility", {"schemeIdUri": ROLES, "value": role})
    else:
        ET.SubElement(adaptation, "Role", {"schemeIDUri": ROLES, "value": role})


def _add_representation(adaptation: ET.Element, number: int, member: Representation, options: ManifestOptions) -> None:
    attributes = {"id": str(number), "bandwidth": str(member.bandwidth_bps)}
    attributes |= {"codecs": member.codecs} if member.codecs else {}
    if member.size_px:
        attributes |= {"width": str(member.size_px[0]), "height": str(member.size_px[1])}
    if member.frame_rate:
        attributes["frameRate"] = f"{member.frame_rate.numerator}/{member.frame_rate.denominator}"
    if member.sample_rate_hz:
        attributes["audioSamplingRate"] = str(member.sample_rate_hz)
    element = ET.SubElement(adaptation, "Representation", attributes)
    if member.channels:
        value = {"schemeIdUri": CHANNELS, "value": str(member.channels)}
        ET.SubElement(element, "AudioChannelConfiguration", value)
    match member.media:
        case DashIndex():
            _add_index(element, member.media)
        case DashSegments():
            _add_template(element, member.media, member.timescale, has_timeline=options.has_timeline)


def _add_index(element: ET.Element, index: DashIndex) -> None:
    ET.SubElement(element, "BaseURL").text = playlist_reference(index.name)
    end = index.header_bytes + index.index_bytes - 1
    base = ET.SubElement(element, "SegmentBase", {"indexRange": f"{index.header_bytes}-{end}"})
    ET.SubElement(base, "Initialization", {"range": f"0-{index.header_bytes - 1}"})


def _add_template(element: ET.Element, media: DashSegments, timescale: int, *, has_timeline: bool) -> None:
    attributes = {
        "timescale": str(timescale),
        "media": _template(media.media_name, media.identifier),
        **({"initialization": _template(media.header_name, media.identifier)} if media.header_name else {}),
        "startNumber": "1",
    }
    has_timeline = has_timeline or media.identifier == TIME
    if not has_timeline:
        attributes["duration"] = str(round(media.nominal_s * timescale))
    template = ET.SubElement(element, "SegmentTemplate", attributes)
    if has_timeline:
        _add_timeline(template, [round(length * timescale) for length in media.durations_s])


def _add_timeline(template: ET.Element, durations: Iterable[int]) -> None:
    timeline = ET.SubElement(template, "SegmentTimeline")
    start = 0
    for duration, repeated in groupby(durations):
        count = len(list(repeated))
        times = {"t": str(start), "d": str(duration)} | ({"r": str(count - 1)} if count > 1 else {})
        ET.SubElement(timeline, "S", times)
        start += duration * count


def start_times(durations_s: Sequence[float], timescale: int) -> list[int]:
    """Return the times at which segments begin, in units of the timescale, as a timeline has them."""
    return list(accumulate((round(length * timescale) for length in durations_s), initial=0))


def _template(name: str, identifier: str) -> str:
    """Return a name in which only the identifier, which it may contain, is one."""
    return identifier.join(playlist_reference(part).replace("%24", "$$") for part in name.split(identifier))


def _seconds(length_s: float) -> str:
    """Return a duration in XML's form."""
    milliseconds = floor(length_s * 1000 + 0.5)
    text = f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")
    return f"PT{text}S"
