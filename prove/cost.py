"""The cost of the transcoding in a proof, at the list prices of docs/cost.md. Pure."""

from deploy.cost import aws_call_counts, prices

MIN_OUTPUT_S = 10
"""MediaConvert charges at least ten seconds for each output.
https://aws.amazon.com/mediaconvert/pricing/"""


def transcode_cents(duration_s: float) -> float:
    """Return the price of one job with this length of video, in cents; the other services cost less than 0.01 cents.

    >>> round(transcode_cents(60), 4) == round(100 * 5 * 0.0075, 4)
    True
    """
    minutes = max(MIN_OUTPUT_S, duration_s) / 60
    return 100 * minutes * aws_call_counts.NORMALIZED * prices.NORMALIZED_MINUTE.usd
