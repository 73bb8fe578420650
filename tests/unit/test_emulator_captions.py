"""Captions: times, clips, segments of WebVTT, and the text of each format."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.caption_files import read_captions
from mediaconvert_emulator.caption_markup import from_ass, from_subrip
from mediaconvert_emulator.caption_tags import caption_tags
from mediaconvert_emulator.captions import (
    CaptionTrack,
    Cue,
    clipped,
    large_segments,
    moved,
    styled,
    webvtt_segments,
)
from mediaconvert_emulator.clippings import Span
from mediaconvert_emulator.errors import UnknownJobError
from mediaconvert_emulator.probe import Unreadable
from mediaconvert_emulator.spec import ClosedCaptions
from mediaconvert_emulator.stream_spec import DEFAULT_PLAYLIST
from mediaconvert_emulator.ttml import NotTtml, read_ttml

TIMES = st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 5_000)), max_size=8)
LENGTHS = st.lists(st.integers(1, 6_000).map(lambda ms: ms / 1000), min_size=1, max_size=6)
TIME_LINE = re.compile(r"^(\d{2,}):(\d{2}):(\d{2})\.(\d{3}) --> ", re.MULTILINE)


def _cue(start_ms: int, end_ms: int, text: str = "text") -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, text=text)


def _track(*cues: Cue) -> CaptionTrack:
    return CaptionTrack(cues=cues)


@given(times=TIMES, lengths=LENGTHS)
def test_a_segment_has_the_cues_that_are_shown_during_it(times: list[tuple[int, int]], lengths: list[float]) -> None:
    """So each cue is in every segment that it touches, and a player may begin at any."""
    cues = [_cue(start, start + length, f"cue{number}") for number, (start, length) in enumerate(times)]

    segments = webvtt_segments(_track(*cues), lengths, mpegts=0)

    assert len(segments) == len(lengths)
    start_ms = 0
    for text, length in zip(segments, lengths, strict=True):
        end_ms = start_ms + round(length * 1000)
        shown = {f"cue{n}" for n, cue in enumerate(cues) if cue.start_ms < end_ms and cue.end_ms > start_ms}
        assert set(re.findall(r"^cue\d+$", text, re.MULTILINE)) == shown
        start_ms = end_ms


@given(times=TIMES)
def test_the_cues_of_a_segment_are_in_the_order_of_their_times(times: list[tuple[int, int]]) -> None:
    """WebVTT requires it."""
    track = _track(*(_cue(start, start + length) for start, length in times))

    (text,) = webvtt_segments(track, [30.0], mpegts=0)

    starts = TIME_LINE.findall(text)
    assert starts == sorted(starts)
    assert len(starts) == len(times)


@given(total_ms=st.integers(0, 2_000_000))
def test_large_segments_fill_the_length(total_ms: int) -> None:
    """All have the same length, but the last one."""
    lengths = large_segments(total_ms / 1000, 300)

    assert round(sum(lengths) * 1000) == total_ms
    assert set(lengths[:-1]) <= {300}
    assert len(lengths) >= 1


@pytest.mark.parametrize(
    ("delta_ms", "expected"),
    [(0, [(1000, 2000), (3000, 4000)]), (-1500, [(0, 500), (1500, 2500)]), (-2000, [(1000, 2000)])],
)
def test_captions_move(delta_ms: int, expected: list[tuple[int, int]]) -> None:
    """A cue that ends before the input begins is left out."""
    track = moved(_track(_cue(1000, 2000), _cue(3000, 4000)), delta_ms)

    assert [(cue.start_ms, cue.end_ms) for cue in track.cues] == expected


def test_clips_are_joined() -> None:
    """A cue in two clips is there twice, and a cue between them isn't there."""
    spans = [Span(start_s=Fraction(1), end_s=Fraction(2)), Span(start_s=Fraction(4), end_s=Fraction(6))]

    track = clipped(_track(_cue(1500, 5000, "long"), _cue(2500, 3500, "between")), spans)

    assert [(cue.text, cue.start_ms, cue.end_ms) for cue in track.cues] == [("long", 500, 1000), ("long", 1000, 2000)]


def test_captions_without_style_have_neither_tags_nor_positions() -> None:
    """A cue that consists of tags only disappears."""
    cue = Cue(start_ms=0, end_ms=1, text="<v Bob><i>a</i> &lt;b", settings="line:0", name="1")
    track = CaptionTrack(cues=(cue, _cue(0, 1, "<i></i>")), header="STYLE")

    assert styled(track, "DISABLED") == _track(_cue(0, 1, "a &lt;b"))


def test_captions_that_last_for_many_segments_are_limited() -> None:
    """Otherwise a small file could take all memory of the emulator."""
    track = _track(*(_cue(0, 4_000_000, "a" * 100) for _ in range(1000)))

    with pytest.raises(UnknownJobError):
        webvtt_segments(track, [1.0] * 4000, mpegts=0)


@pytest.mark.parametrize("text", ["<" * 1_000_000, "<a" * 500_000, "{\\" * 500_000, "&#1" * 500_000])
def test_text_of_many_special_characters_is_converted_quickly(text: str) -> None:
    """With patterns that search from each character to the end, this test would run for hours."""
    assert styled(_track(_cue(0, 1, text)), "DISABLED").cues
    assert from_subrip(text)
    assert from_ass(text)


def test_an_empty_line_doesnt_end_a_cue() -> None:
    """In WebVTT it would."""
    (text,) = webvtt_segments(_track(_cue(0, 3_600_001, "a\n\n b")), [1.0], mpegts=90)

    assert text == ("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:90,LOCAL:00:00:00.000\n\n00:00:00.000 --> 01:00:00.001\na\n b\n")


@pytest.mark.parametrize(
    ("subrip", "webvtt"),
    [
        ("<i>a</i> & b", "<i>a</i> &amp; b"),
        ("1 < 2 > 0", "1 &lt; 2 &gt; 0"),
        ('<font color="red">a</font>', "a"),
        (r"{\an8}a", "a"),
        ("<i>a<b>b</i>c</b>", "<i>a<b>b</b></i>c"),
        ("<I>a", "<i>a</i>"),
        ("a --> b", "a --&gt; b"),
        ("a &amp; &lt;", "a &amp; &lt;"),
        ("</i>a", "a"),
    ],
)
def test_the_text_of_subrip_becomes_webvtt(subrip: str, webvtt: str) -> None:
    """Tags are always closed, and no character is read as a tag."""
    assert from_subrip(subrip) == webvtt


@given(st.text("<>/ibu&a{\\}", max_size=30))
def test_no_text_of_subrip_breaks_a_cue(text: str) -> None:
    """Each tag is closed in order, and there is no arrow."""
    converted = from_subrip(text)
    opened: list[str] = []
    for end, name in re.findall(r"<(/?)(\w+)>", converted):
        if end:
            assert opened.pop() == name
        else:
            opened.append(name)
    assert opened == []
    assert re.sub(r"</?[ibu]>", "", converted).count("<") == 0
    assert "-->" not in converted


@pytest.mark.parametrize(
    ("decoded", "webvtt"),
    [
        (r"{\i1}a{\r} b", "<i>a</i> b"),
        (r"{\b1\i1}a{\i0}b", "<b><i>a</i>b</b>"),
        (r"a\Nb\hc", "a\nb c"),
        ("<a", "&lt;a"),
    ],
)
def test_the_codes_of_decoded_captions_become_webvtt(decoded: str, webvtt: str) -> None:
    """These are the codes that ffmpeg's decoder of text tracks writes."""
    assert from_ass(decoded) == webvtt


def _ttml(body: str, attributes: str = "") -> bytes:
    names = 'xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
    styling = 'xmlns:tts="http://www.w3.org/ns/ttml#styling"'
    head = '<head><styling><style xml:id="s" tts:fontStyle="italic"/></styling></head>'
    return f"<tt {names} {styling} {attributes}>{head}<body>{body}</body></tt>".encode()


@pytest.mark.parametrize(
    ("body", "attributes", "expected"),
    [
        ('<div><p begin="1s" end="2s">a</p></div>', "", [(1000, 2000, "a")]),
        ('<div begin="10s"><p begin="1s" dur="500ms">a</p></div>', "", [(11000, 11500, "a")]),
        ('<div begin="10s" end="11s"><p begin="0s" end="9s">a</p></div>', "", [(10000, 11000, "a")]),
        ('<div><p begin="00:00:01:12" end="00:00:02.5">a</p></div>', 'ttp:frameRate="24"', [(1500, 2500, "a")]),
        ('<div><p begin="10t" end="15t">a</p></div>', 'ttp:tickRate="10"', [(1000, 1500, "a")]),
        ('<div><p begin="25f" end="50f">a</p></div>', 'ttp:frameRate="25"', [(1000, 2000, "a")]),
        (
            '<div><p begin="30f" end="60f">a</p></div>',
            'ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"',
            [(1001, 2002, "a")],
        ),
        ('<div><p end="1m">a<br/>\n b <span style="s">c</span></p></div>', "", [(0, 60000, "a\nb <i>c</i>")]),
        ('<div><p begin="1s" end="2s">&lt;i&gt; &amp;</p></div>', "", [(1000, 2000, "&lt;i&gt; &amp;")]),
        (
            '<div><p begin="1s"><span begin="0s" end="1s">a</span><span begin="1s" end="2s">b</span></p></div>',
            "",
            [(1000, 2000, "a"), (2000, 3000, "b")],
        ),
        (
            '<div timeContainer="seq"><p dur="1s">a</p><p begin="1s" dur="1s">b</p></div>',
            "",
            [(0, 1000, "a"), (2000, 3000, "b")],
        ),
        ('<div><p begin="1s" end="2s"> </p><p begin="2s">a</p></div>', "", []),
    ],
)
def test_ttml_has_many_ways_to_write_times(body: str, attributes: str, expected: list[tuple[int, int, str]]) -> None:
    """A cue without an end, or without text, is left out."""
    cues = read_ttml(_ttml(body, attributes))

    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in cues] == expected


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<tt",
        b"<html/>",
        b'<!DOCTYPE tt [<!ENTITY a "b">]><tt>&a;</tt>',
        _ttml('<div><p begin="soon" end="2s">a</p></div>'),
        _ttml("", 'ttp:frameRate="many"'),
        _ttml("", 'ttp:frameRate="0"'),
        _ttml("", 'ttp:frameRateMultiplier="1 0"'),
        _ttml('<p begin="1s" end="2s">' + "<span>" * 5000 + "</span>" * 5000 + "</p>"),
        _ttml("<div>" * 5000 + "</div>" * 5000),
    ],
)
def test_another_document_is_no_ttml(document: bytes) -> None:
    """Entities could make a small document large, so none are read."""
    with pytest.raises(NotTtml):
        read_ttml(document)


@given(content=st.binary(max_size=200), kind=st.sampled_from(["SRT", "WEBVTT", "TTML", "EMBEDDED"]))
def test_any_content_is_captions_or_unreadable(
    content: bytes, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No file raises another exception."""
    path = tmp_path_factory.mktemp("captions") / "file"
    path.write_bytes(content)

    try:
        track = read_captions(path, kind, 0)
    except Unreadable:
        return
    assert all(cue.end_ms > cue.start_ms for cue in track.cues)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\N{ZERO WIDTH NO-BREAK SPACE}"])
def test_lines_end_in_any_way_and_a_byte_order_mark_is_allowed(tmp_path: Path, line_end: str, mark: str) -> None:
    """Editors on different systems write different files."""
    text = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\nÄ\n"
    path = tmp_path / "captions.vtt"
    path.write_bytes((mark + text).replace("\n", line_end).encode())

    track = read_captions(path, "WEBVTT", 0)

    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in track.cues] == [(1000, 2000, "Ä")]
    assert track.header == "STYLE\n::cue { color: red }"


def test_a_stream_without_captions_has_no_tags() -> None:
    """MediaConvert's default, OMIT, says nothing of embedded captions."""
    tags = caption_tags([], None, DEFAULT_PLAYLIST)

    assert (tags.lines, tags.attributes) == ((), ())
    assert caption_tags([], ClosedCaptions(), DEFAULT_PLAYLIST).attributes == ("CLOSED-CAPTIONS=NONE",)
