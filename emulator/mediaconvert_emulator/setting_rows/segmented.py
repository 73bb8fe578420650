"""Settings of CMAF and DASH groups, and of their outputs, that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import ignored_here, label, refused

SETTINGS = "/outputGroups/*/outputGroupSettings"
CMAF, DASH = f"{SETTINGS}/cmafGroupSettings", f"{SETTINGS}/dashIsoGroupSettings"
BOTH = f"{SETTINGS}/{{cmafGroupSettings,dashIsoGroupSettings}}"
CONTAINER = "/outputGroups/*/outputs/*/containerSettings"
CMFC, MPD = f"{CONTAINER}/cmfcSettings", f"{CONTAINER}/mpdSettings"
TRACK = f"{CONTAINER}/{{cmfcSettings,mpdSettings}}"

ROWS = (
    refused(f"{BOTH}/encryption/**"),
    refused(f"{BOTH}/dashIFrameTrickPlayNameModifier"),
    refused(f"{BOTH}/dashManifestStyle", "BASIC"),
    refused(f"{BOTH}/imageBasedTrickPlay", "NONE"),
    label(f"{BOTH}/imageBasedTrickPlaySettings/**", reason="They need imageBasedTrickPlay, which is refused"),
    ignored_here(f"{BOTH}/minFinalSegmentLength", 0),
    label(f"{BOTH}/ptsOffsetHandlingForBFrames", reason="The first presentation time is zero"),
    ignored_here(f"{BOTH}/videoCompositionOffsets", "SIGNED"),
    ignored_here(
        f"{CMAF}/codecSpecification", "RFC_4281", "RFC_6381", reason="Both give the same text for H.264 and AAC"
    ),
    refused(f"{DASH}/audioChannelConfigSchemeIdUri", "MPEG_CHANNEL_CONFIGURATION"),
    refused(f"{DASH}/hbbtvCompliance", "NONE"),
    ignored_here(f"{TRACK}/audioDuration", "DEFAULT_CODEC_DURATION"),
    refused(f"{TRACK}/{{klvMetadata,scte35Esam,scte35Source,timedMetadata}}", "NONE"),
    label(f"{TRACK}/manifestMetadataSignaling", reason="It needs timedMetadata, which is refused"),
    label(f"{TRACK}/timedMetadata{{BoxVersion,SchemeIdUri,Value}}", reason="They need timedMetadata, which is refused"),
    label(f"{MPD}/{{accessibilityCaptionHints,captionContainerType}}", reason="Captions are refused in DASH groups"),
)
