"""Settings of output groups, and of outputs in a group, that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import ignored_here, ignored_on_aws, label, refused

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
    refused(f"{SETTINGS}/{{hlsGroupSettings,fileGroupSettings}}/destinationSettings/**"),
    refused(f"{HLS}/additionalManifests/**"),
    label(f"{HLS}/adMarkers/*", reason="They need SCTE-35 or ESAM, which are refused"),
    label(f"{HLS}/audioOnlyHeader", reason="Audio-only outputs are MPEG-TS here, which has no ID3 header"),
    refused(f"{HLS}/baseUrl"),
    refused(f"{HLS}/clientCache", "ENABLED"),
    ignored_here(
        f"{HLS}/codecSpecification", "RFC_4281", "RFC_6381", reason="Both give the same text for H.264 and AAC"
    ),
    refused(f"{HLS}/directoryStructure", "SINGLE_DIRECTORY"),
    refused(f"{HLS}/encryption/offlineEncrypted", "DISABLED"),
    refused(f"{HLS}/encryption/spekeKeyProvider/**"),
    refused(f"{HLS}/encryption/staticKeyProvider/keyFormat", "identity"),
    refused(f"{HLS}/encryption/staticKeyProvider/keyFormatVersions", "1"),
    refused(f"{HLS}/imageBasedTrickPlay", "NONE"),
    label(f"{HLS}/imageBasedTrickPlaySettings/**", reason="They need imageBasedTrickPlay, which is refused"),
    refused(f"{HLS}/manifestCompression", "NONE"),
    ignored_here(f"{HLS}/minFinalSegmentLength", 0),
    ignored_here(f"{HLS}/minSegmentLength", 0),
    refused(f"{HLS}/outputSelection", "MANIFESTS_AND_SEGMENTS"),
    refused(f"{HLS}/programDateTime", "EXCLUDE"),
    label(f"{HLS}/programDateTimePeriod", reason="It needs programDateTime INCLUDE, which is refused"),
    ignored_here(f"{HLS}/progressiveWriteHlsManifest", "DISABLED", reason="Playlists are written at the end"),
    refused(f"{HLS}/segmentControl", "SEGMENTED_FILES"),
    ignored_on_aws(f"{HLS}/segmentsPerSubdirectory", reason="It needs directoryStructure SUBDIRECTORY_PER_STREAM"),
    refused(f"{HLS}/streamInfResolution", "INCLUDE"),
    ignored_here(f"{HLS}/targetDurationCompatibilityMode", "SPEC_COMPLIANT"),
    ignored_here(f"{HLS}/timedMetadataId3{{Frame,Period}}", "NONE", reason="The segments have no ID3 timestamps"),
    ignored_here(f"{HLS}/timestampDeltaMilliseconds", 0),
    refused(f"{DESTINATION}/destinationType", "WEBVTT"),
    refused(f"{DESTINATION}/{{burninDestinationSettings,dvbSubDestinationSettings,embeddedDestinationSettings}}/**"),
    refused(f"{DESTINATION}/{{imscDestinationSettings,sccDestinationSettings,srtDestinationSettings}}/**"),
    refused(f"{DESTINATION}/{{teletextDestinationSettings,ttmlDestinationSettings}}/**"),
    ignored_here(f"{OUTPUT}/outputSettings/hlsSettings/audioOnlyContainer", "M2TS", reason=AUDIO_ONLY),
    refused(f"{OUTPUT}/outputSettings/hlsSettings/iFrameOnlyManifest", "EXCLUDE"),
)
