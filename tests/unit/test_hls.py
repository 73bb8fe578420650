"""What is read of HLS playlists."""

import pytest

from client import hls

MASTER = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720
clip_720p.m3u8

#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360
clip 360p.m3u8
"""

MEDIA = """#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-KEY:METHOD=AES-128,URI="clip.key"
#EXTINF:6,
clip_00001.ts
#EXTINF:6,
clip_00002.ts
#EXTINF:2,
clip_00003.ts
#EXT-X-ENDLIST
"""


def test_variants_are_named_in_their_order() -> None:
    """Blank lines between them mean nothing."""
    assert hls.variants(MASTER) == ["clip_720p.m3u8", "clip 360p.m3u8"]


def test_an_excerpt_ends_after_its_segments_and_keeps_what_they_need() -> None:
    """It is a playlist whose files can lie beside it under plain names."""
    beginning = hls.excerpt(MEDIA, segments=2)
    assert beginning.key_uris == {"0.key": "clip.key"}
    assert beginning.segment_uris == {"0.segment": "clip_00001.ts", "1.segment": "clip_00002.ts"}
    assert beginning.playlist.splitlines()[2:] == [
        '#EXT-X-KEY:METHOD=AES-128,URI="0.key"',
        "#EXTINF:6,",
        "0.segment",
        "#EXTINF:6,",
        "1.segment",
        "#EXT-X-ENDLIST",
    ]


def test_parts_of_one_file_are_one_local_file() -> None:
    """Byte ranges stay as they are; the file is fetched once."""
    media = MEDIA.replace("clip_00001.ts", "#EXT-X-BYTERANGE:10@0\nclip.ts").replace(
        "clip_00002.ts", "#EXT-X-BYTERANGE:20@10\nclip.ts"
    )
    beginning = hls.excerpt(media, segments=2)
    assert beginning.segment_uris == {"0.segment": "clip.ts"}
    assert "#EXT-X-BYTERANGE:20@10\n0.segment" in beginning.playlist


def test_a_video_shorter_than_the_excerpt_is_taken_whole() -> None:
    """The end of the list is the end of the excerpt."""
    assert len(hls.excerpt(MEDIA, segments=9).segment_uris) == 3


def test_an_initialization_section_is_fetched_with_the_segments() -> None:
    """Fragmented MP4 doesn't decode without it."""
    media = MEDIA.replace("#EXT-X-KEY", '#EXT-X-MAP:URI="init.mp4"\n#EXT-X-KEY')
    assert hls.excerpt(media, segments=1).segment_uris == {"map-0": "init.mp4", "0.segment": "clip_00001.ts"}


def test_without_encryption_there_is_no_key() -> None:
    """METHOD=NONE names none."""
    media = MEDIA.replace('METHOD=AES-128,URI="clip.key"', "METHOD=NONE")
    assert hls.excerpt(media, segments=1).key_uris == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "#EXTM3U\n",
        "#EXTM3U\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:six,\nclip.ts\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:\nclip.m3u8\n",
        "#EXTM3U\n#EXT-X-PART:\n",
    ],
)
def test_what_is_no_playlist_is_refused(text: str) -> None:
    """An error page with status 200 is not a video."""
    with pytest.raises(hls.PlaylistError):
        hls.variants(text)
    with pytest.raises(hls.PlaylistError):
        hls.excerpt(text, segments=1)
