"""The client reads variants, keys and segments from HLS playlists."""

import pytest

from mediaconvert_status_client import hls

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


def test_variants_keep_the_order_of_the_master_playlist() -> None:
    """Blank lines between variants are ignored."""
    assert hls.variants(MASTER) == ["clip_720p.m3u8", "clip 360p.m3u8"]


def test_an_excerpt_has_the_first_segments_and_their_keys() -> None:
    """The excerpt refers to local files with plain names."""
    excerpt = hls.excerpt(MEDIA, segments=2)
    assert excerpt.key_uris == {"0.key": "clip.key"}
    assert excerpt.segment_uris == {"0.segment": "clip_00001.ts", "1.segment": "clip_00002.ts"}
    assert excerpt.playlist.splitlines()[2:] == [
        '#EXT-X-KEY:METHOD=AES-128,URI="0.key"',
        "#EXTINF:6,",
        "0.segment",
        "#EXTINF:6,",
        "1.segment",
        "#EXT-X-ENDLIST",
    ]


def test_an_excerpt_of_a_short_video_has_all_its_segments() -> None:
    """The excerpt ends where the playlist ends."""
    assert len(hls.excerpt(MEDIA, segments=9).segment_uris) == 3


def test_an_initialization_section_is_fetched_with_the_segments() -> None:
    """Fragmented MP4 can't be decoded without it."""
    media = MEDIA.replace("#EXT-X-KEY", '#EXT-X-MAP:URI="init.mp4"\n#EXT-X-KEY')
    assert hls.excerpt(media, segments=1).segment_uris == {"map-0": "init.mp4", "0.segment": "clip_00001.ts"}


def test_an_unencrypted_playlist_has_no_key() -> None:
    """METHOD=NONE names no key file."""
    media = MEDIA.replace('METHOD=AES-128,URI="clip.key"', "METHOD=NONE")
    assert hls.excerpt(media, segments=1).key_uris == {}


@pytest.mark.parametrize("text", ["", "<html>", "#EXTM3U\n", "#EXTM3U\n#EXT-X-ENDLIST\n"])
def test_text_that_is_not_a_playlist_is_refused(text: str) -> None:
    """An error page with status 200 is not a video."""
    with pytest.raises(hls.PlaylistError):
        hls.variants(text)
    with pytest.raises(hls.PlaylistError):
        hls.excerpt(text, segments=1)
