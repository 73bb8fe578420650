"""MediaConvert's normalized minutes, in which it bills a job: the minutes of each output times a multiplier. Pure.

AWS publishes a part of the multipliers. An output without a published one makes the whole figure unknown, never a
guess. The service and a bill of AWS use the same terms: a usage type such as `DUB-B-AVC-SD-SHQ-30-NTM` names the tier,
the codec, the resolution, the quality and the frame rate of an output.
https://docs.aws.amazon.com/mediaconvert/latest/ug/understanding-aws-billing-and-usage-reports.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

BASIC, PROFESSIONAL = "B", "P"
AUDIO = "AUD"
CAPTURE = "CAPTURE"
"""A frame capture. AWS publishes neither its multiplier nor its usage type, so this word is our own."""
SINGLE_PASS, SINGLE_PASS_HQ = "S", "SHQ"

MIN_OUTPUT_S = 10
"""Seconds for which each output is billed at least. https://aws.amazon.com/mediaconvert/pricing/"""
MS_PER_MINUTE = 60_000

RESOLUTIONS = ((719, "SD"), (1080, "HD"), (2160, "4K"), (4320, "8K"))
"""The largest number of lines of each class, in the terms of AWS's usage types."""
FRAME_RATES = ((30, "30"), (60, "60"), (120, "120"))
"""The largest frames a second of each class, in the terms of AWS's usage types."""

_PRICE_TABLE = "AWS's price table of the Basic tier, when it had dollars a minute: each price divided by SD at 30 fps"
_PRICE_LIST = "AWS's price list of 2026: 0.0150 a minute divided by 0.0075 a normalized minute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier:
    """The normalized minutes of one minute of output, and the public text that says so."""

    value: float
    source: str


_AVC_BASIC = {
    ("SD", "30"): Multiplier(value=1, source=_PRICE_TABLE),
    ("SD", "60"): Multiplier(value=1.25, source=_PRICE_TABLE),
    ("SD", "120"): Multiplier(value=1.5, source=_PRICE_TABLE),
    ("HD", "30"): Multiplier(value=2, source=_PRICE_LIST),
    ("HD", "60"): Multiplier(value=2.5, source=_PRICE_TABLE),
    ("HD", "120"): Multiplier(value=3, source=_PRICE_TABLE),
    ("4K", "30"): Multiplier(value=4, source=_PRICE_TABLE),
    ("4K", "60"): Multiplier(value=5, source=_PRICE_TABLE),
    ("4K", "120"): Multiplier(value=6, source=_PRICE_TABLE),
}

MULTIPLIERS: Mapping[tuple[str, str, str, str, str], Multiplier] = {
    **{
        (BASIC, "AVC", quality, resolution, frame_rate): multiplier
        for (resolution, frame_rate), multiplier in _AVC_BASIC.items()
        for quality in (SINGLE_PASS, SINGLE_PASS_HQ)
    },
    (PROFESSIONAL, "AV1", "", "SD", "30"): Multiplier(
        value=3.5, source="AWS's pricing page, read in October 2026: the example of a normalized minute"
    ),
}
"""The published multipliers by tier, codec, quality, resolution and frame rate.

The Basic tier has one price for both single-pass qualities; AV1 has no quality levels. Captions, frame captures, the
other codecs of the Professional tier, and 8K have no published multiplier.
"""
AUDIO_ONLY = Multiplier(
    value=0.4,
    source="the costs of AWS's solution Video Transcriber in us-east-1, of December 2022: 0.18 dollars for an hour of "
    "audio, 0.0030 a minute, divided by 0.0075 a normalized minute. https://github.com/awslabs/aws-video-transcriber",
)
"""An output of sound alone, which AWS's bill has in a usage type of its own."""
LARGEST = max(each.value for each in MULTIPLIERS.values())
"""Budgets count an output without a published multiplier with this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """The part of an output's price that its settings decide. `frame_rate` is a class; None if it isn't known."""

    tier: str
    codec: str
    quality: str = ""
    frame_rate: str | None = None

    def __str__(self) -> str:
        """Return the format as a text of AWS's abbreviations, for a row.

        >>> str(OutputFormat(tier="B", codec="AVC", quality="SHQ", frame_rate="30"))
        'B-AVC-SHQ-30'
        """
        return "-".join((self.tier, self.codec, self.quality, self.frame_rate or ""))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the format that a row has as a text."""
        tier, codec, quality, frame_rate = text.split("-")
        return cls(tier=tier, codec=codec, quality=quality, frame_rate=frame_rate or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledOutput:
    """One output that is planned, or that was made. None is unknown; an output without a picture has no height."""

    format: OutputFormat | None
    height_px: int | None
    duration_ms: int | None

    @property
    def is_capture(self) -> bool:
        """True for a frame capture."""
        return self.format is not None and self.format.codec == CAPTURE

    @property
    def multiplier(self) -> float | None:
        """The published multiplier; None if there is none, or a part of it is unknown."""
        output = self.format
        if output is not None and output.codec == AUDIO:
            return AUDIO_ONLY.value
        if output is None or self.height_px is None or output.frame_rate is None:
            return None
        resolution = resolution_class(self.height_px)
        found = MULTIPLIERS.get((output.tier, output.codec, output.quality, resolution or "", output.frame_rate))
        return found.value if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOutput:
    """One output that a finished job made; None is unknown. An output without a picture has no height."""

    height_px: int | None
    duration_ms: int | None
    is_capture: bool = False
    """True for a frame capture. Its length is the number of its pictures times their interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """The cost of a job. `billable_ms` are normalized; None is unknown. There is no cost in dollars without a price."""

    duration_ms: int
    billable_ms: int | None = None
    cost_micro_usd: int | None = None

    @property
    def billable_minutes(self) -> float | None:
        """The normalized minutes, with two decimals as on AWS's bill."""
        return None if self.billable_ms is None else round(self.billable_ms / MS_PER_MINUTE, 2)

    @property
    def usd(self) -> float | None:
        """The cost in US dollars."""
        return None if self.cost_micro_usd is None else self.cost_micro_usd / 1_000_000


def resolution_class(height_px: int) -> str | None:
    """Return the class of a picture with this number of lines; None above 8K.

    >>> [resolution_class(lines) for lines in (360, 720, 1080, 1081, 9000)]
    ['SD', 'HD', 'HD', '4K', None]
    """
    return next((name for largest, name in RESOLUTIONS if height_px <= largest), None)


def frame_rate_class(frames_per_s: float | Fraction) -> str | None:
    """Return the class of a frame rate; None above 120.

    >>> [frame_rate_class(rate) for rate in (23.976, 30, 30.01, 60, 240)]
    ['30', '30', '60', '60', None]
    """
    return next((name for largest, name in FRAME_RATES if frames_per_s <= largest), None)


def billable_ms(outputs: Iterable[BilledOutput]) -> int | None:
    """Return the normalized milliseconds of all outputs except frame captures; None if one output's are unknown.

    A capture is a few pictures, with a price that isn't published. Without this exception no job with a poster would
    have a figure; the descriptions of the figure say that it leaves captures out.
    """
    total = 0
    for output in outputs:
        if output.is_capture:
            continue
        if output.multiplier is None or output.duration_ms is None:
            return None
        total += round(_billed_s(output.duration_ms) * 1000 * output.multiplier)
    return total


def largest_billable_ms(outputs: Iterable[BilledOutput], *, max_duration_ms: int) -> int:
    """Return the normalized milliseconds that a budget counts: whatever is unknown counts as the largest."""
    return sum(
        round(
            _billed_s(max_duration_ms if output.duration_ms is None else output.duration_ms)
            * 1000
            * (LARGEST if output.multiplier is None else output.multiplier)
        )
        for output in outputs
    )


def billing(outputs: Iterable[BilledOutput], *, duration_ms: int, price_usd: float | None) -> Billing:
    """Return the cost of a job with these outputs; `price_usd` is that of a normalized minute, if it is known."""
    billable = billable_ms(outputs)
    cost = None if billable is None or price_usd is None else round(billable / MS_PER_MINUTE * price_usd * 1_000_000)
    return Billing(duration_ms=duration_ms, billable_ms=billable, cost_micro_usd=cost)


def _billed_s(duration_ms: int) -> int:
    """Return the seconds that an output is billed for: it is billed by the second, and the last one may be shorter."""
    return max(MIN_OUTPUT_S, -(-duration_ms // 1000))
