"""The API's names of containers, codecs and colours, by ffmpeg's names and by the numbers of ITU-T H.273. Pure."""

BRANDS = {"qt": "quicktime", "3gp": "three_gp", "3g2": "three_g2"}
"""The format of a file of the MP4 family, by the start of its major brand; all other brands are mp4."""
FORMATS = {
    "matroska": "matroska",
    "mpegts": "mpegts",
    "mpeg": "mpegps",
    "asf": "asf",
    "avi": "avi",
    "mxf": "mxf",
    "ogg": "ogg",
    "wav": "wave",
    "mp3": "mp3",
    "flac": "flac",
    "aac": "aac",
    "ac3": "ac3",
    "eac3": "eac3",
}
CODECS = {
    "aac": "AAC",
    "ac3": "AC3",
    "amrnb": "AMR",
    "amrwb": "AMR",
    "eac3": "EAC3",
    "flac": "FLAC",
    "mp2": "MP2",
    "mp3": "MP3",
    "mp3float": "MP3",
    "mp2float": "MP2",
    "opus": "OPUS",
    "vorbis": "VORBIS",
    "wmav1": "WMA",
    "wmav2": "WMA2",
    "wmapro": "WMAPRO",
    "av1": "AV1",
    "libdav1d": "AV1",
    "h264": "AVC",
    "dvvideo": "DV",
    "h263": "H263",
    "hevc": "HEVC",
    "jpeg2000": "JPEG2000",
    "mjpeg": "MJPEG",
    "mpeg1video": "MPEG1",
    "mpeg4": "MP4V",
    "mpeg2video": "MPEG2",
    "prores": "PRORES",
    "qtrle": "QTRLE",
    "theora": "THEORA",
    "rawvideo": "UNCOMPRESSED",
    "vc1": "VC1",
    "dnxhd": "VC3",
    "vp8": "VP8",
    "libvpx-vp8": "VP8",
    "vp9": "VP9",
    "libvpx-vp9": "VP9",
    "eia_608": "C608",
    "cc_dec": "C608",
    "webvtt": "WEBVTT",
}
PRIMARIES = {
    1: "ITU_709",
    2: "UNSPECIFIED",
    3: "RESERVED",
    4: "ITU_470M",
    5: "ITU_470BG",
    6: "SMPTE_170M",
    7: "SMPTE_240M",
    8: "GENERIC_FILM",
    9: "ITU_2020",
    10: "SMPTE_428_1",
    11: "SMPTE_431_2",
    12: "SMPTE_EG_432_1",
    22: "EBU_3213_E",
}
TRANSFERS = {
    1: "ITU_709",
    2: "UNSPECIFIED",
    3: "RESERVED",
    4: "ITU_470M",
    5: "ITU_470BG",
    6: "SMPTE_170M",
    7: "SMPTE_240M",
    8: "LINEAR",
    9: "LOG10_2",
    10: "LOC10_2_5",
    11: "IEC_61966_2_4",
    12: "ITU_1361",
    13: "IEC_61966_2_1",
    14: "ITU_2020_10bit",
    15: "ITU_2020_12bit",
    16: "SMPTE_2084",
    17: "SMPTE_428_1",
    18: "ARIB_B67",
}
MATRICES = {
    0: "RGB",
    1: "ITU_709",
    2: "UNSPECIFIED",
    3: "RESERVED",
    4: "FCC",
    5: "ITU_470BG",
    6: "SMPTE_170M",
    7: "SMPTE_240M",
    8: "YCgCo",
    9: "ITU_2020_NCL",
    10: "ITU_2020_CL",
    11: "SMPTE_2085",
    12: "CD_NCL",
    13: "CD_CL",
    14: "ITU_2100ICtCp",
}


def format_name(ffmpeg_format: str, major_brand: str, *, is_webm: bool) -> str | None:
    """Return the container's name, or None if the API has none for it."""
    first = ffmpeg_format.split(",", maxsplit=1)[0]
    if first == "mov":
        return BRANDS.get(major_brand.strip()) or BRANDS.get(major_brand[:3].lower()) or "mp4"
    if first == "matroska" and is_webm:
        return "webm"
    return FORMATS.get(first)


def codec_name(ffmpeg_codec: str) -> str:
    """Return the codec's name; UNKNOWN if the API has none for it."""
    return "PCM" if ffmpeg_codec.startswith("pcm_") else CODECS.get(ffmpeg_codec, "UNKNOWN")


def chroma_subsampling(pixel_format: str) -> str | None:
    """Return the subsampling of a pixel format in the form 4:2:0, or None if the format has no chroma."""
    digits = {"420": "4:2:0", "422": "4:2:2", "444": "4:4:4", "nv12": "4:2:0", "p010": "4:2:0", "gbr": "4:4:4"}
    return next((name for part, name in digits.items() if part in pixel_format), None)
