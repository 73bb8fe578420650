"""MediaConvert's normalized minutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.billing import (
    AUDIO_ONLY,
    LARGEST,
    MULTIPLIERS,
    BilledOutput,
    OutputFormat,
    billable_ms,
    billing,
    largest_billable_ms,
)

MINUTE_MS = 60_000


def output(
    height_px: int | None = 1080,
    duration_ms: int | None = MINUTE_MS,
    *,
    tier: str = "B",
    codec: str = "AVC",
    quality: str = "SHQ",
    frame_rate: str | None = "30",
) -> BilledOutput:
    """Return one output."""
    return BilledOutput(
        format=OutputFormat(tier=tier, codec=codec, quality=quality, frame_rate=frame_rate),
        height_px=height_px,
        duration_ms=duration_ms,
    )


@pytest.mark.parametrize(
    ("lines", "frame_rate", "multiplier"),
    [
        (360, "30", 1),
        (719, "60", 1.25),
        (480, "120", 1.5),
        (720, "30", 2),
        (1080, "60", 2.5),
        (1080, "120", 3),
        (1440, "30", 4),
        (2160, "60", 5),
        (2160, "120", 6),
    ],
)
@pytest.mark.parametrize("quality", ["S", "SHQ"])
def test_the_basic_tier_has_the_published_multipliers(
    lines: int, frame_rate: str, multiplier: float, quality: str
) -> None:
    """AVC in one pass: the resolution and the frame rate decide."""
    made = output(lines, frame_rate=frame_rate, quality=quality)
    assert billable_ms([made]) == multiplier * MINUTE_MS


def test_av1_in_sd_has_its_published_multiplier() -> None:
    """It is the only one of the Professional tier that is published."""
    assert billable_ms([output(360, tier="P", codec="AV1", quality="")]) == 3.5 * MINUTE_MS


@pytest.mark.parametrize("tier", ["B", "P"])
def test_an_hour_of_sound_costs_eighteen_cents(tier: str) -> None:
    """It has a rate of its own, without a size or a frame rate; a budget counts the same."""
    made = output(None, 60 * MINUTE_MS, tier=tier, codec="AUD", quality="", frame_rate=None)
    cost = billing([made], duration_ms=60 * MINUTE_MS, price_usd=0.0075)
    assert (cost.billable_minutes, cost.usd) == (24, 0.18)
    assert largest_billable_ms([made], max_duration_ms=1) == 24 * MINUTE_MS


@pytest.mark.parametrize(
    "made",
    [
        output(4320),
        output(9000),
        output(tier="P"),
        output(tier="P", quality="MHQ"),
        output(tier="P", codec="HEVC"),
        output(tier="P", codec="AV1", quality=""),
        output(codec="VP9"),
        output(frame_rate=None),
        output(height_px=None),
        output(duration_ms=None),
        BilledOutput(format=None, height_px=1080, duration_ms=MINUTE_MS),
    ],
)
def test_an_unpublished_multiplier_makes_the_figure_unknown(made: BilledOutput) -> None:
    """One such output among published ones is enough: a partial sum would look like the cost."""
    assert billable_ms([output(), made]) is None
    assert billing([output(), made], duration_ms=MINUTE_MS, price_usd=0.0075).usd is None


@pytest.mark.parametrize(
    ("duration_ms", "billed_s"), [(0, 10), (1, 10), (9_999, 10), (10_000, 10), (10_001, 11), (59_041, 60)]
)
def test_an_output_is_billed_by_the_second_and_for_ten_at_least(duration_ms: int, billed_s: int) -> None:
    """Each output for itself, so three short renditions are billed for thirty seconds."""
    assert billable_ms([output(360, duration_ms)] * 3) == 3 * billed_s * 1000


def test_the_projects_template_is_billed_five_minutes_for_one() -> None:
    """1080p, 720p and 360p: the figure from which docs/cost.md calculates."""
    cost = billing([output(1080), output(720), output(360)], duration_ms=MINUTE_MS, price_usd=0.0075)
    assert (cost.billable_minutes, cost.usd) == (5, 0.0375)


def test_there_are_no_dollars_without_a_price() -> None:
    """The price depends on the Region and on the volume, so a deployment must state it."""
    cost = billing([output()], duration_ms=MINUTE_MS, price_usd=None)
    assert (cost.billable_minutes, cost.usd) == (2, None)


def test_every_multiplier_has_a_source() -> None:
    """A figure without a source would be a guess."""
    assert all(each.source and each.value > 0 for each in (*MULTIPLIERS.values(), AUDIO_ONLY))


def test_a_budget_counts_the_unknown_as_the_largest() -> None:
    """A budget is a bound: it must never count less than the bill."""
    unknown = BilledOutput(format=None, height_px=None, duration_ms=None)
    assert largest_billable_ms([output(360), unknown], max_duration_ms=2 * MINUTE_MS) == round(
        MINUTE_MS + 2 * MINUTE_MS * LARGEST
    )


outputs = st.builds(
    output,
    height_px=st.none() | st.integers(1, 5000),
    duration_ms=st.none() | st.integers(0, 4 * MINUTE_MS),
    frame_rate=st.sampled_from([None, "30", "60", "120"]),
)


@given(st.lists(outputs, max_size=6))
def test_a_budget_never_counts_less_than_the_bill(planned: list[BilledOutput]) -> None:
    """Where the bill is known, both are the same."""
    billed = billable_ms(planned)
    counted = largest_billable_ms(planned, max_duration_ms=4 * MINUTE_MS)
    assert billed is None or counted == billed


@given(
    st.sampled_from(["B", "P"]),
    st.sampled_from(["AVC", "HEVC", "AUD"]),
    st.sampled_from(["", "S", "SHQ", "MHQ"]),
    st.sampled_from([None, "30", "60"]),
)
def test_a_format_is_stored_as_a_text(tier: str, codec: str, quality: str, frame_rate: str | None) -> None:
    """The text is parsed to the same format."""
    stored = OutputFormat(tier=tier, codec=codec, quality=quality, frame_rate=frame_rate)
    assert OutputFormat.parse(str(stored)) == stored
