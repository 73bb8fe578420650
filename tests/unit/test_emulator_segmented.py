"""The lengths of segments and fragments, the parts of fragmented MP4, and the manifest of DASH."""

import struct
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.codec_strings import video_codec_string
from mediaconvert_emulator.dash_manifest import (
    DashIndex,
    DashSegments,
    ManifestOptions,
    Representation,
    dash_manifest,
    start_times,
)
from mediaconvert_emulator.fragments import Part, read_fragments, segment_index, segments_of
from mediaconvert_emulator.spec import HlsGroup, SegmentedGroup
from mediaconvert_emulator.stream_lengths import stream_lengths

NAMESPACE = {"": "urn:mpeg:dash:schema:mpd:2011"}
OPTIONS = ManifestOptions(is_on_demand=False, has_timeline=True, min_buffer_s=10, base_url=None)


def _group(segment_s: float, fragment_s: float, *, is_exact: bool) -> SegmentedGroup:
    return SegmentedGroup(
        kind="CMAF_GROUP",
        destination="s3://out/",
        segment_s=segment_s,
        is_segment_exact=is_exact,
        fragment_s=fragment_s,
        is_single_file=False,
        has_hls=True,
        has_dash=True,
        has_segment_timeline=False,
        is_on_demand=False,
        min_buffer_s=segment_s,
        base_url=None,
        outputs=(),
    )


@pytest.mark.parametrize(
    ("lengths", "gop_s", "is_exact", "expected"),
    [
        ((6, 2), 2, True, (2, 6, 2)),
        ((6, 2), 1.5, True, (1, 6, 2)),
        ((6, 2), 4, True, (3, 6, 3)),
        ((6, 6), 2, True, (2, 6, 6)),
        ((6, 2), 4, False, (4, 8, 4)),
        ((6, 3), 2, False, (2, 8, 4)),
        ((15, 2), 2, True, (15 / 14, 15, 15 / 7)),
        ((15, 4), 3, False, (3, 18, 6)),
    ],
)
def test_keyframes_fragments_and_segments_fit_into_each_other(
    lengths: tuple[float, float], gop_s: float, expected: tuple[float, float, float], *, is_exact: bool
) -> None:
    """Exact segments get more keyframes; GOP_MULTIPLE makes segments longer."""
    found = stream_lengths(_group(*lengths, is_exact=is_exact), gop_s)

    assert (found.keyframe_interval_s, found.segment_s, found.fragment_s) == pytest.approx(expected)


@given(st.integers(1, 5), st.floats(1, 6), st.floats(0.1, 12), st.booleans())
def test_every_segment_begins_with_a_fragment_and_every_fragment_with_a_keyframe(
    fragment_s: int,
    fragments: float,
    gop_s: float,
    is_exact: bool,  # noqa: FBT001 (hypothesis)
) -> None:
    """For any group of pictures; a segment's length is a whole number of both."""
    found = stream_lengths(_group(fragment_s * fragments, fragment_s, is_exact=is_exact), gop_s)
    assert found.segment_s is not None
    assert found.fragment_s is not None

    for whole, part in ((found.segment_s, found.keyframe_interval_s), (found.segment_s, found.fragment_s)):
        assert whole / part == pytest.approx(round(whole / part), abs=1e-4)


def test_hls_segments_keep_their_lengths() -> None:
    """The settings of HLS have no fragments."""
    group = HlsGroup(
        destination="s3://out/",
        segment_s=6,
        is_segment_exact=False,
        encryption=None,
        outputs=(),
    )
    found = stream_lengths(group, 4)

    assert (found.keyframe_interval_s, found.segment_s, found.fragment_s) == (4, 8, None)


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _fragment(start: int, samples: int, *, has_durations: bool) -> bytes:
    default = struct.pack(">III", 0x8, 1, 100)
    if has_durations:
        run = struct.pack(">III", 0x101, samples, 0) + struct.pack(">I", 100) * samples
    else:
        run = struct.pack(">III", 0x001, samples, 0)
    time = struct.pack(">IQ", 1 << 24, start)
    traf = _box(b"traf", _box(b"tfhd", default), _box(b"tfdt", time), _box(b"trun", run))
    return _box(b"moof", traf) + _box(b"mdat", bytes(10))


def _file(*fragments: bytes) -> bytes:
    media = _box(b"mdhd", struct.pack(">IIII", 0, 0, 0, 1000) + bytes(8))
    return _box(b"ftyp", bytes(8)) + _box(b"moov", _box(b"trak", _box(b"mdia", media))) + b"".join(fragments)


@pytest.mark.parametrize("has_durations", [True, False])
def test_fragments_have_their_times_and_places(tmp_path: Path, *, has_durations: bool) -> None:
    """Durations are those of the samples, or the default."""
    parts = [_fragment(start, 20, has_durations=has_durations) for start in (0, 2000)]
    path = tmp_path / "f.mp4"
    path.write_bytes(_file(*parts))
    found = read_fragments(path)

    assert (found.timescale, found.header_bytes) == (1000, len(_file()))
    assert [(part.start_s, part.duration_s) for part in found.fragments] == [(0, 2), (2, 2)]
    assert [part.size_bytes for part in found.fragments] == [len(part) for part in parts]
    assert found.fragments[1].offset == found.header_bytes + len(parts[0])


@pytest.mark.parametrize("content", [b"", bytes(8), _file()])
def test_a_file_without_fragments_is_an_error(tmp_path: Path, content: bytes) -> None:
    """The job fails, and is not an empty stream."""
    path = tmp_path / "f.mp4"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"fragments|size"):
        read_fragments(path)


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=40), st.floats(1, 10))
def test_segments_contain_every_fragment_once_and_in_order(lengths: list[float], segment_s: float) -> None:
    """A segment begins with the first fragment after a multiple of its length."""
    fragments, start_s = [], 0.0
    for number, length_s in enumerate(lengths):
        fragments.append(Part(offset=number * 10, size_bytes=10, start_s=start_s, duration_s=length_s))
        start_s += length_s
    segments = segments_of(fragments, segment_s)

    assert sum(part.size_bytes for part in segments) == 10 * len(lengths)
    assert [part.offset for part in segments] == sorted(part.offset for part in segments)
    assert sum(part.duration_s for part in segments) == pytest.approx(sum(lengths))
    indexes = [int((part.start_s + 0.001) // segment_s) for part in segments]
    assert len(set(indexes)) == len(indexes)


def test_the_segment_index_names_sizes_and_lengths() -> None:
    """ISO/IEC 14496-12, section 8.16.3."""
    index = segment_index([Part(offset=9, size_bytes=700, start_s=0, duration_s=6)], 1000)

    assert (int.from_bytes(index[:4]), index[4:8]) == (len(index), b"sidx")
    assert struct.unpack(">III", index[-12:]) == (700, 6000, 0x90000000)


def _video(**changes: object) -> Representation:
    fields: dict[str, object] = {
        "codecs": "avc1.64001f",
        "bandwidth_bps": 1000,
        "timescale": 1000,
        "duration_s": 13.5,
        "media": DashSegments(
            header_name="Big Buck_1init.mp4",
            media_name="Big Buck_1_$Number%09d$.mp4",
            durations_s=(6, 6, 1.5),
            nominal_s=6,
        ),
        "size_px": (640, 360),
        "frame_rate": Fraction(30000, 1001),
    }
    return Representation(**fields | changes)  # type: ignore[arg-type]


def _sound(language: str | None) -> Representation:
    return _video(
        size_px=None, frame_rate=None, codecs="mp4a.40.2", channels=2, sample_rate_hz=48_000, language=language
    )


def _parsed(*representations: Representation, options: ManifestOptions = OPTIONS) -> ET.Element:
    return ET.fromstring(dash_manifest(representations, options))  # noqa: S314 (the emulator wrote it)


def test_a_timeline_repeats_equal_lengths() -> None:
    """The names of segments are URIs with MediaConvert's nine digits."""
    root = _parsed(_video())
    template = root.find(".//SegmentTemplate", NAMESPACE)
    assert template is not None

    assert root.attrib["mediaPresentationDuration"] == "PT13.5S"
    assert template.attrib["media"] == "Big%20Buck_1_$Number%09d$.mp4"
    assert template.attrib["initialization"] == "Big%20Buck_1init.mp4"
    assert [dict(each.attrib) for each in template[0]] == [
        {"t": "0", "d": "6000", "r": "1"},
        {"t": "12000", "d": "1500"},
    ]


def test_without_a_timeline_the_length_is_the_specified_one() -> None:
    """MediaConvert's default."""
    options = ManifestOptions(is_on_demand=False, has_timeline=False, min_buffer_s=6, base_url="https://cdn.example/")
    root = _parsed(_video(), options=options)
    template = root.find(".//SegmentTemplate", NAMESPACE)
    assert template is not None

    assert (template.attrib["duration"], len(template)) == ("6000", 0)
    assert root.findtext("BaseURL", namespaces=NAMESPACE) == "https://cdn.example/"


def test_a_dollar_in_a_name_is_no_identifier() -> None:
    """Names of files may contain dollars."""
    media = DashSegments(header_name="a$init", media_name="a$_$Number%09d$", durations_s=(1,), nominal_s=1)
    template = _parsed(_video(media=media)).find(".//SegmentTemplate", NAMESPACE)
    assert template is not None

    assert template.attrib["media"] == "a$$_$Number%09d$"


@pytest.mark.parametrize(
    ("name", "identifier", "has_duration"), [("a_$Number$", "$Number$", True), ("a_$Time$", "$Time$", False)]
)
def test_an_identifier_of_the_modifier_names_the_segments(name: str, identifier: str, *, has_duration: bool) -> None:
    """Times need a timeline."""
    media = DashSegments(header_name="a_init", media_name=name, durations_s=(1, 1), nominal_s=1, identifier=identifier)
    options = ManifestOptions(is_on_demand=False, has_timeline=False, min_buffer_s=6, base_url=None)
    template = _parsed(_video(media=media), options=options).find(".//SegmentTemplate", NAMESPACE)
    assert template is not None

    assert template.attrib["media"] == name
    assert ("duration" in template.attrib, len(template)) == (has_duration, 0 if has_duration else 1)


@given(st.lists(st.floats(0.1, 10), min_size=1), st.integers(1, 90_000))
def test_segments_begin_where_the_timeline_says(durations_s: list[float], timescale: int) -> None:
    """So a name with a time is the one that a player requests."""
    media = DashSegments(header_name="i", media_name="$Time$", durations_s=tuple(durations_s), nominal_s=1)
    root = _parsed(_video(media=media, timescale=timescale))
    starts = [
        int(part.attrib["t"]) + number * int(part.attrib["d"])
        for part in root.findall(".//S", NAMESPACE)
        for number in range(int(part.attrib.get("r", 0)) + 1)
    ]

    assert starts == start_times(durations_s, timescale)[:-1]


def test_a_player_may_switch_between_videos_and_not_between_languages() -> None:
    """The ids of representations count through all sets."""
    root = _parsed(_sound("deu"), _video(), _sound(None), _video(size_px=(320, 180)))
    sets = root.findall(".//AdaptationSet", NAMESPACE)

    assert [each.attrib.get("lang") for each in sets] == [None, "deu", "und"]
    assert [[item.attrib["id"] for item in each] for each in sets] == [["1", "2"], ["3"], ["4"]]
    assert sets[0][0].attrib["frameRate"] == "30000/1001"


def test_a_single_file_has_ranges() -> None:
    """A player reads the header and the index first."""
    root = _parsed(_video(media=DashIndex(name="a b.mp4", header_bytes=100, index_bytes=44)))
    base = root.find(".//SegmentBase", NAMESPACE)
    assert base is not None

    assert root.findtext(".//Representation/BaseURL", namespaces=NAMESPACE) == "a%20b.mp4"
    assert (base.attrib["indexRange"], base[0].attrib["range"]) == ("100-143", "0-99")


@pytest.mark.parametrize(
    ("codec", "record", "expected"),
    [
        ("h264", b"\x01\x64\x00\x1f\xff", "avc1.64001f"),
        ("hevc", b"\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x5d\xf0", "hvc1.1.6.L93.90"),
        ("av1", b"\x01\x00", None),
    ],
)
def test_the_codec_of_mp4_is_in_its_configuration_record(codec: str, record: bytes, expected: str | None) -> None:
    """A transport stream has parameter sets with start codes instead."""
    assert video_codec_string(codec, record) == expected
