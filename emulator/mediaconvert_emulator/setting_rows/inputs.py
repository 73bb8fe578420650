"""Settings of an input that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import ignored_here, ignored_on_aws, label, refused

INPUT = "/inputs/*"
AUDIO = f"{INPUT}/audioSelectors/*"
VIDEO = f"{INPUT}/videoSelector"
CAPTIONS = f"{INPUT}/captionSelectors/*"
SOURCE = f"{CAPTIONS}/sourceSettings"
FILE = f"{SOURCE}/fileSourceSettings"

ROWS = (
    refused(f"{INPUT}/{{advancedInputFilter,deblockFilter,denoiseFilter}}", "DISABLED"),
    refused(f"{INPUT}/advancedInputFilterSettings/**"),
    refused(f"{INPUT}/{{decryptionSettings,dynamicAudioSelectors,imageInserter}}/**"),
    refused(f"{INPUT}/{{supplementalImps,tamsSettings,videoGenerator,videoOverlays}}/**"),
    refused(f"{INPUT}/dolbyVisionMetadataXml"),
    refused(f"{INPUT}/filterEnable", "AUTO", "DISABLE", reason="AUTO filters only some MPEG-2 inputs"),
    label(f"{INPUT}/filterStrength", reason="It needs filterEnable FORCE, or a filter, which are refused"),
    refused(f"{INPUT}/inputScanType", "AUTO"),
    refused(f"{INPUT}/programNumber", 1, reason="The first program is read"),
    ignored_here(f"{INPUT}/psiControl", "USE_PSI"),
    label(f"{INPUT}/timecodeStart", reason="It needs timecodeSource SPECIFIEDSTART"),
    ignored_on_aws(f"{CAPTIONS}/{{customLanguageCode,languageCode}}", reason="They select bitmaps of DVB and SCTE-27"),
    refused(f"{SOURCE}/{{ancillarySourceSettings,dvbSubSourceSettings,teletextSourceSettings}}/**"),
    refused(f"{SOURCE}/webvttHlsSourceSettings/**"),
    refused(f"{SOURCE}/embeddedSourceSettings/convert608To708", "DISABLED"),
    refused(f"{SOURCE}/embeddedSourceSettings/{{source608ChannelNumber,source608TrackNumber}}", 1),
    label(f"{SOURCE}/embeddedSourceSettings/terminateCaptions", reason="A job has one input"),
    label(f"{FILE}/{{byteRateLimit,convert608To708,convertPaintToPop}}", reason="They are for SCC, which is refused"),
    label(f"{FILE}/framerate/{{framerateDenominator,framerateNumerator}}", reason="They are for SCC, refused"),
    label(f"{FILE}/upconvertSTLToTeletext", reason="It is for STL, which is refused"),
    refused(f"{AUDIO}/audioDurationCorrection", "DISABLED"),
    refused(f"{AUDIO}/{{customLanguageCode,languageCode}}"),
    refused(f"{AUDIO}/{{hlsRenditionGroupSettings,pids}}/**"),
    refused(f"{AUDIO}/remixSettings/{{audioDescriptionAudioChannel,audioDescriptionDataChannel}}"),
    refused(f"{AUDIO}/selectorType", "TRACK"),
    refused(f"{AUDIO}/programSelection", 0, 1, reason="The first program is read"),
    refused(f"{VIDEO}/alphaBehavior", "DISCARD"),
    refused(f"{VIDEO}/colorSpace", "FOLLOW"),
    label(f"{VIDEO}/colorSpaceUsage", reason="It needs a colorSpace other than FOLLOW"),
    label(f"{VIDEO}/embeddedTimecodeOverride", reason="The outputs contain no timecodes"),
    refused(f"{VIDEO}/{{hdr10Metadata,streams}}/**"),
    refused(f"{VIDEO}/maxLuminance"),
    refused(f"{VIDEO}/padVideo", "DISABLED"),
    refused(f"{VIDEO}/pid"),
    refused(f"{VIDEO}/programNumber", 0, 1, reason="The first program is read"),
    refused(f"{VIDEO}/sampleRange", "FOLLOW"),
    refused(f"{VIDEO}/selectorType", "AUTO"),
)
