"""Checks that the input has the audio tracks that a job selects by number. Pure."""

from mediaconvert_emulator.errors import SettingsUnusable
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.spec import JobSpec


def check_selected_tracks(spec: JobSpec, media: Media) -> None:
    """Check the tracks. A selector without numbers takes the first track, and silence if there is none.

    Raises:
        SettingsUnusable: A selected track is missing; the text is MediaConvert's.
    """
    for selector, track in spec.input.required_tracks:
        if track > len(media.audios):
            raise SettingsUnusable(
                f"Invalid audio track specified for audio_selector [{selector}]. Audio track [{track}] not found in "
                "input container."
            )
