"""The scenarios of the goals: each returns its goals with the figures that its simulation reached."""

from collections.abc import Callable, Sequence
from random import Random

from bench.scale.figures import Figures, Goal, allowed_drain_s, at_most
from bench.scale.needs import needed_limits, old_limits, submission_settings
from bench.scale.reconcile_passes import DEFAULTS, JobStream, simulate
from bench.scale.scenario import HOUR_S, Scenario, Simulation, Upload, evenly
from bench.scale.simulated_aws import Limits, Outage, Service
from deploy.cost.workload import Workload
from transcode.settings import Settings

JOB_S = Workload(minutes=0).job_s
DAY_S = 24 * HOUR_S
CALM_CALLS, OUTAGE_CALLS = 1.05, 1.2
MEAN_DELIVERIES, MOST_DELIVERIES = 1.1, 2
MOST_IN_FLIGHT = 60_000
DRAIN_FACTOR = 1.3
BURST_UPLOADS, BURST_CALLS_PER_S = 50_000, 50
QUEUED_WITHIN_S = 5.0
OWNER_DAYS = 14
OTHERS_WAIT_S = 5.0
JOBS_PER_MIN, PASS_S, PASS_SHARE_PERCENT, REPAIR_S = 4_600, 60, 1.0, 600


def calm() -> list[Goal]:
    """An hour of 1,000 uploads, without an outage."""
    figures = Figures(
        Simulation.of(
            Scenario(uploads=evenly(1_000, from_s=0, to_s=HOUR_S), limits=old_limits(), until_s=1.5 * HOUR_S)
        ).run()
    )
    mean, most = figures.deliveries()
    return [
        at_most("calm hour: CreateJob and SearchJobs calls per upload", figures.calls_per_upload(), CALM_CALLS),
        at_most("calm hour: deliveries per upload and queue, mean", mean, MEAN_DELIVERIES),
        at_most("calm hour: deliveries per upload and queue, 99th percentile", most, MOST_DELIVERIES),
    ]


def outage(service: Service, *, scale: int = 10) -> list[Goal]:
    """A day at this scale, in which the service returns 500 for twelve hours, then 429 for twelve."""
    limits = needed_limits(scale)
    begin_s, end_s = HOUR_S, HOUR_S + DAY_S
    middle_s = begin_s + DAY_S / 2
    uploads = evenly(round(20_000 * scale / 30), from_s=0, to_s=end_s)
    figures = Figures(
        Simulation.of(
            Scenario(
                uploads=uploads,
                limits=limits,
                until_s=end_s + 6 * HOUR_S,
                outages=[
                    Outage(service=service, begin_s=begin_s, end_s=middle_s, status=500),
                    Outage(service=service, begin_s=middle_s, end_s=end_s, status=429),
                ],
            )
        ).run()
    )
    name = {"mediaconvert": "MediaConvert", "dynamodb": "DynamoDB"}[service]
    title = f"24 h without {name}, {len(uploads):,} uploads"
    allowed_s = allowed_drain_s(limits, figures.waited_at(end_s))
    return [
        at_most(f"{title}: lost or doubled", figures.lost, 0),
        at_most(f"{title}: calls per upload afterwards", figures.calls_per_upload(from_s=end_s), OUTAGE_CALLS),
        at_most(f"{title}: messages in flight", figures.most_in_flight, MOST_IN_FLIGHT),
        at_most(
            f"{title}: 99 % of the backlog have their job, in proportion to what the rate allows",
            figures.drained_after_s(end_s, 0.99) / allowed_s,
            DRAIN_FACTOR,
        ),
    ]


def burst() -> list[Goal]:
    """50,000 uploads in a minute, with a rate of 50 calls a second and enough concurrent jobs."""
    limits = Limits(calls_per_s=BURST_CALLS_PER_S, burst=BURST_CALLS_PER_S, concurrent_jobs=10_000, job_s=JOB_S)
    uploads = evenly(BURST_UPLOADS, from_s=0, to_s=60)
    submitters, backlog = submission_settings(BURST_CALLS_PER_S)
    scenario = Scenario(
        uploads=uploads, limits=limits, until_s=HOUR_S, workers=4, submitters=submitters, backlog=backlog
    )
    figures = Figures(Simulation.of(scenario).run())
    title = f"{BURST_UPLOADS:,} uploads in a minute at R = {BURST_CALLS_PER_S}"
    allowed_s = allowed_drain_s(limits, BURST_UPLOADS)
    return [
        at_most(f"{title}: lost or doubled", figures.lost, 0),
        at_most(f"{title}: calls per upload", figures.calls_per_upload(), OUTAGE_CALLS),
        at_most(f"{title}: messages in flight", figures.most_in_flight, MOST_IN_FLIGHT),
        at_most(
            f"{title}: time until the last job, in proportion to what the rate allows",
            max(figures.run.aws.created_s.values()) / allowed_s,
            DRAIN_FACTOR,
        ),
    ]


def queued() -> list[Goal]:
    """100 uploads a second for three minutes, while MediaConvert is unavailable."""
    uploads = [Upload(at_s=number / 100) for number in range(18_000)]
    outage = Outage(service="mediaconvert", begin_s=0, end_s=HOUR_S)
    figures = Figures(
        Simulation.of(Scenario(uploads=uploads, limits=old_limits(), until_s=200, outages=[outage], workers=4)).run()
    )
    title = "QUEUED after Object Created, at 100 uploads/s without MediaConvert"
    return [at_most(title, figures.queued_after_s(), QUEUED_WITHIN_S, unit="s")]


def owner() -> list[Goal]:
    """The owner's row lives as long as `OUTPUT_TTL_S`."""
    days = Settings.model_fields["output_ttl_s"].default / 86_400
    is_met = days >= OWNER_DAYS
    return [
        Goal(name="owner kept while an upload waits", wanted=f"≥ {OWNER_DAYS} d", reached=f"{days:g} d", is_met=is_met)
    ]


def fairness() -> list[Goal]:
    """The other caller's uploads, with and without one caller's 10,000 files before them."""
    rng = Random(5)  # noqa: S311 -- not for secrets
    others = [Upload(at_s=60 + rng.uniform(0, 600), owner=f"other-{number}") for number in range(50)]
    many = [Upload(at_s=number * 0.003, owner="many") for number in range(10_000)]
    alone_s, beside_s = (_waits_of_others(uploads) for uploads in (others, [*many, *others]))
    more_s = max(beside - alone for beside, alone in zip(beside_s, alone_s, strict=True))
    return [at_most("others' CreateJob beside 10,000 files of one caller: later by", more_s, OTHERS_WAIT_S, unit="s")]


def _waits_of_others(uploads: Sequence[Upload]) -> list[float]:
    ordered = sorted(uploads, key=lambda upload: upload.at_s)
    limits = Limits(calls_per_s=10, burst=100, concurrent_jobs=2_000, job_s=JOB_S)
    run = Simulation.of(Scenario(uploads=ordered, limits=limits, until_s=HOUR_S)).run()
    created_s = run.aws.created_s
    return [created_s[n] - each.at_s for n, each in enumerate(ordered) if each.owner.startswith("other")]


def reconciliation() -> list[Goal]:
    """Three hours at 4,600 jobs a minute, with one lost end in 10,000."""
    figures = simulate(JobStream(jobs_per_min=JOBS_PER_MIN, job_s=JOB_S, hours=3))
    title = f"reconciliation at {JOBS_PER_MIN:,} jobs a minute"
    share = 100 * DEFAULTS["reconcile_calls_per_s"] / BURST_CALLS_PER_S
    return [
        at_most(f"{title}: a pass", figures.longest_pass_s, PASS_S, unit="s", digits=1),
        at_most(f"{title}: its share of R = {BURST_CALLS_PER_S}", share, PASS_SHARE_PERCENT, unit="%"),
        at_most(f"{title}: a lost end is repaired", max(figures.repairs_s), REPAIR_S, unit="s", digits=0),
    ]


GOALS: Sequence[Callable[[], list[Goal]]] = (
    calm,
    lambda: outage("mediaconvert"),
    lambda: outage("dynamodb"),
    burst,
    queued,
    owner,
    fairness,
    reconciliation,
)
