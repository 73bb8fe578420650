"""Settings of video that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import ignored_here, ignored_on_aws, label, refused

VIDEO = "/outputGroups/*/outputs/*/videoDescription"
CODEC = f"{VIDEO}/codecSettings"
H264, H265 = f"{CODEC}/h264Settings", f"{CODEC}/h265Settings"
BOTH = f"{CODEC}/{{h264Settings,h265Settings}}"

VPX = f"{CODEC}/{{vp8Settings,vp9Settings}}"

ENCODER = "x264 and x265 decide it themselves"

ROWS = (
    refused(f"{VIDEO}/afdSignaling", "NONE"),
    ignored_on_aws(f"{VIDEO}/antiAlias", "ENABLED", reason="AWS always applies the anti-alias filter"),
    refused(f"{VIDEO}/chromaPositionMode", "AUTO"),
    ignored_here(f"{VIDEO}/colorMetadata", reason="Color metadata is what x264 and x265 write"),
    label(f"{VIDEO}/dropFrameTimecode", reason="The outputs contain no timecodes"),
    label(f"{VIDEO}/fixedAfd", reason="It needs afdSignaling FIXED, which is refused"),
    refused(f"{VIDEO}/respondToAfd", "NONE"),
    ignored_here(f"{VIDEO}/sharpness", 50),
    refused(f"{VIDEO}/timecodeInsertion", "DISABLED"),
    refused(f"{VIDEO}/timecodeTrack", "DISABLED"),
    refused(f"{VIDEO}/videoPreprocessors/**"),
    refused(f"{CODEC}/{{av1Settings,avcIntraSettings,gifSettings,mpeg2Settings}}/**"),
    refused(f"{CODEC}/{{proresSettings,uncompressedSettings,vc3Settings,xavcSettings}}/**"),
    ignored_here(f"{BOTH}/adaptiveQuantization", "AUTO", reason=ENCODER),
    ignored_here(f"{BOTH}/{{flicker,spatial,temporal}}AdaptiveQuantization", reason=ENCODER),
    refused(f"{BOTH}/bandwidthReductionFilter/**", "OFF"),
    ignored_here(f"{BOTH}/dynamicSubGop", reason=ENCODER),
    refused(f"{BOTH}/endOfStreamMarkers", "INCLUDE"),
    ignored_here(f"{BOTH}/framerateConversionAlgorithm", "DUPLICATE_DROP"),
    ignored_here(f"{BOTH}/gopBReference", reason=ENCODER),
    ignored_here(f"{BOTH}/gopClosedCadence", 1, reason="Every group of pictures is closed"),
    ignored_here(f"{BOTH}/hrdBuffer{{Final,Initial}}FillPercentage", reason=ENCODER),
    refused(f"{BOTH}/interlaceMode", "PROGRESSIVE"),
    ignored_here(f"{BOTH}/minIInterval", 0, reason=ENCODER),
    refused(f"{BOTH}/parControl", "INITIALIZE_FROM_SOURCE", "SPECIFIED", reason="Pixels are square"),
    refused(f"{BOTH}/par{{Numerator,Denominator}}", 1, reason="Pixels are square"),
    refused(f"{BOTH}/perFrameMetrics/*"),
    ignored_here(f"{BOTH}/qualityTuningLevel", "SINGLE_PASS", "SINGLE_PASS_HQ", reason="The encoder makes one pass"),
    ignored_here(f"{BOTH}/qvbrSettings/maxAverageBitrate"),
    refused(f"{BOTH}/scanTypeConversionMode", "INTERLACED"),
    ignored_here(f"{BOTH}/sceneChangeDetect", "DISABLED", reason="Keyframes are at the same times in all renditions"),
    refused(f"{BOTH}/slowPal", "DISABLED"),
    refused(f"{BOTH}/telecine", "NONE"),
    refused(f"{BOTH}/unregisteredSeiTimecode", "DISABLED"),
    ignored_here(f"{VPX}/framerateConversionAlgorithm", "DUPLICATE_DROP"),
    refused(f"{VPX}/parControl", "INITIALIZE_FROM_SOURCE", "SPECIFIED", reason="Pixels are square"),
    refused(f"{VPX}/par{{Numerator,Denominator}}", 1, reason="Pixels are square"),
    ignored_here(f"{VPX}/qualityTuningLevel", reason="The encoder makes one pass"),
    refused(f"{H264}/fieldEncoding", "PAFF", reason="It is for interlaced outputs, which are refused"),
    ignored_here(f"{H264}/repeatPps", reason=ENCODER),
    ignored_here(f"{H264}/saliencyAwareEncoding", "DISABLED"),
    ignored_here(f"{H264}/softness", 0),
    refused(f"{H264}/syntax", "DEFAULT"),
    ignored_here(f"{H264}/writeMp4PackagingType", "AVC1"),
    refused(f"{H265}/alternateTransferFunctionSei", "DISABLED"),
    ignored_here(f"{H265}/codecLevel", "AUTO"),
    refused(f"{H265}/codecProfile", "MAIN_MAIN", "MAIN_HIGH", reason="8-bit 4:2:0"),
    ignored_here(f"{H265}/deblocking", "ENABLED"),
    ignored_here(f"{H265}/hrdBufferSize"),
    ignored_here(f"{H265}/number{{BFramesBetweenReferenceFrames,ReferenceFrames}}", reason=ENCODER),
    ignored_here(f"{H265}/sampleAdaptiveOffsetFilterMode", reason=ENCODER),
    ignored_here(f"{H265}/slices", 1),
    ignored_here(f"{H265}/{{temporalIds,tiles}}", reason=ENCODER),
    refused(f"{H265}/writeMp4PackagingType", "HVC1"),
)
