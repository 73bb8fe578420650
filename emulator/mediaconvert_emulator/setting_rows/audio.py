"""Settings of audio that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import ignored_here, label, refused

AUDIO = "/outputGroups/*/outputs/*/audioDescriptions/*"
CODEC = f"{AUDIO}/codecSettings"
AAC, DOLBY = f"{CODEC}/aacSettings", f"{CODEC}/{{ac3Settings,eac3Settings}}"
EAC3 = f"{CODEC}/eac3Settings"

DOLBY_METADATA = "ffmpeg's encoder writes its own metadata"

ROWS = (
    refused(f"{AUDIO}/audioChannelTaggingSettings/**"),
    refused(f"{AUDIO}/audioNormalizationSettings/**"),
    label(f"{AUDIO}/audioType", reason="It needs audioTypeControl USE_CONFIGURED, which is refused"),
    refused(f"{AUDIO}/audioTypeControl", "FOLLOW_INPUT"),
    refused(f"{AUDIO}/remixSettings/{{audioDescriptionAudioChannel,audioDescriptionDataChannel}}"),
    refused(f"{CODEC}/eac3AtmosSettings/**"),
    refused(f"{CODEC}/mp2Settings/audioDescriptionMix", "NONE"),
    refused(f"{AAC}/audioDescriptionBroadcasterMix", "NORMAL"),
    ignored_here(f"{AAC}/codecProfile", "LC", reason="ffmpeg has no encoder of HE-AAC or xHE-AAC"),
    label(f"{AAC}/{{loudnessMeasurementMode,rapInterval,targetLoudnessRange}}", reason="They are for XHE, refused"),
    refused(f"{AAC}/rateControlMode", "CBR"),
    refused(f"{AAC}/rawFormat", "NONE"),
    ignored_here(f"{AAC}/specification", "MPEG4"),
    label(f"{AAC}/vbrQuality", reason="It needs rateControlMode VBR, which is refused"),
    ignored_here(f"{DOLBY}/{{bitstreamMode,dialnorm,lfeFilter,metadataControl}}", reason=DOLBY_METADATA),
    ignored_here(f"{DOLBY}/dynamicRangeCompression{{Line,Rf}}", reason=DOLBY_METADATA),
    ignored_here(f"{CODEC}/ac3Settings/dynamicRangeCompressionProfile", reason=DOLBY_METADATA),
    ignored_here(f"{EAC3}/{{attenuationControl,dcFilter,lfeControl,passthroughControl,phaseControl}}"),
    ignored_here(f"{EAC3}/{{loRoCenterMixLevel,loRoSurroundMixLevel,ltRtCenterMixLevel,ltRtSurroundMixLevel}}"),
    ignored_here(f"{EAC3}/{{stereoDownmix,surroundExMode,surroundMode}}", reason=DOLBY_METADATA),
    refused(f"{CODEC}/mp3Settings/rateControlMode", "CBR"),
    label(f"{CODEC}/mp3Settings/vbrQuality", reason="It needs rateControlMode VBR, which is refused"),
)
