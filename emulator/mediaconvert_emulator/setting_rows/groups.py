"""Settings of output groups, and of outputs in a group, that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import ignored_here, label, refused

GROUP = "/outputGroups/*"
SETTINGS = f"{GROUP}/outputGroupSettings"
HLS = f"{SETTINGS}/hlsGroupSettings"
OUTPUT = f"{GROUP}/outputs/*"

DESTINATION = f"{OUTPUT}/captionDescriptions/*/destinationSettings"

AUDIO_ONLY = "Audio-only segments are MPEG-TS"

ROWS = (
    label(f"{GROUP}/{{name,customName}}"),
    refused(f"{GROUP}/automatedEncodingSettings/**"),
    refused(f"{SETTINGS}/{{msSmoothGroupSettings,perFrameMetrics}}/**"),
    label(f"{HLS}/adMarkers/*", reason="They need SCTE-35 or ESAM, which are refused"),
    label(f"{HLS}/audioOnlyHeader", reason="Audio-only outputs are MPEG-TS here, which has no ID3 header"),
    ignored_here(
        f"{HLS}/codecSpecification", "RFC_4281", "RFC_6381", reason="Both give the same text for H.264 and AAC"
    ),
    refused(f"{HLS}/encryption/spekeKeyProvider/**"),
    refused(f"{HLS}/imageBasedTrickPlay", "NONE"),
    label(f"{HLS}/imageBasedTrickPlaySettings/**", reason="They need imageBasedTrickPlay, which is refused"),
    ignored_here(f"{HLS}/minFinalSegmentLength", 0),
    ignored_here(f"{HLS}/minSegmentLength", 0),
    ignored_here(f"{HLS}/progressiveWriteHlsManifest", "DISABLED", reason="Playlists are written at the end"),
    ignored_here(f"{HLS}/timedMetadataId3{{Frame,Period}}", "NONE", reason="The segments have no ID3 timestamps"),
    ignored_here(f"{HLS}/timestampDeltaMilliseconds", 0),
    refused(f"{DESTINATION}/destinationType", "WEBVTT"),
    refused(f"{DESTINATION}/{{burninDestinationSettings,dvbSubDestinationSettings,embeddedDestinationSettings}}/**"),
    refused(f"{DESTINATION}/{{imscDestinationSettings,sccDestinationSettings,srtDestinationSettings}}/**"),
    refused(f"{DESTINATION}/{{teletextDestinationSettings,ttmlDestinationSettings}}/**"),
    ignored_here(f"{OUTPUT}/outputSettings/hlsSettings/audioOnlyContainer", "M2TS", reason=AUDIO_ONLY),
)
