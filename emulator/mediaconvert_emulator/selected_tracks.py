"""Checks that the input has the audio tracks that a job selects by number. Pure."""

from mediaconvert_emulator.audio_tracks import Sidecars
from mediaconvert_emulator.errors import SettingsUnusable
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.spec import JobSpec


def check_selected_tracks(spec: JobSpec, media: Media, sidecars: Sidecars) -> None:
    """Check the tracks. A selector without numbers takes the first track, and silence if there is none.

    Raises:
        SettingsUnusable: A selected track is missing; the text is MediaConvert's.
    """
    for source in (track for each in spec.input.audio_sources.values() for track in each.tracks):
        tracks = (sidecars.media[source.uri] if source.uri else media).audios
        if source.is_track_required and source.track_index is not None and source.track_index >= len(tracks):
            raise SettingsUnusable(
                f"Invalid audio track specified for audio_selector [{source.number}]. "
                f"Audio track [{source.track_index + 1}] not found in input container."
            )
