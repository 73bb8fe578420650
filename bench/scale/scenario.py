"""One simulated deployment: its load, its limits, its outages, and the figures of its run."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import simpy

from bench.scale.simulated_aws import Limits, Outage, SimulatedAws, Waiting
from bench.scale.simulated_deliveries import Deliveries, Tables
from bench.scale.simulated_intake import IntakePoller
from bench.scale.simulated_queue import SimulatedQueue
from bench.scale.simulated_submission import SimulatedSubmitter, SubmissionPoller
from local import cloudformation_template as templates
from local.provision import pipeline_template
from worker.rest import Rest
from worker.retry import RetryRule
from worker.settings import WorkerSettings
from worker.submission.hold_back import HoldBack
from worker.submission.pace import Pace
from worker.submission.probe_rule import ProbeRule

HOUR_S = 3_600.0
DEFAULTS = {name: field.default for name, field in WorkerSettings.model_fields.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload: the time of its object, and its owner."""

    at_s: float
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The parameters of a run. `uploads` are in the order of their times. The run ends at `until_s`."""

    uploads: Sequence[Upload]
    limits: Limits
    until_s: float
    outages: Sequence[Outage] = ()
    workers: int = 2
    submitters: int = DEFAULTS["submitters"]
    backlog: int = DEFAULTS["mediaconvert_backlog"]


def evenly(count: int, *, from_s: float, to_s: float, seed: int = 7) -> list[Upload]:
    """Return so many uploads at random times."""
    rng = Random(seed)  # noqa: S311 -- not for secrets
    return [Upload(at_s=at_s) for at_s in sorted(rng.uniform(from_s, to_s) for _ in range(count))]


@dataclass(slots=True, kw_only=True)
class Simulation:
    """A deployment while it runs, and afterwards."""

    scenario: Scenario
    env: simpy.Environment
    aws: SimulatedAws
    tables: Tables
    intake: Deliveries
    submission: Deliveries

    @classmethod
    def of(cls, scenario: Scenario) -> "Simulation":
        """Return the deployment before its start."""
        env = simpy.Environment()
        aws, tables = SimulatedAws(env=env, limits=scenario.limits, outages=scenario.outages), Tables()
        rule = RetryRule(give_up_after_s=DEFAULTS["give_up_after_s"])
        intake, submission = (
            Deliveries(env=env, aws=aws, queue=_queue(env, is_fair=is_fair), tables=tables, rule=rule)
            for is_fair in (False, True)
        )
        return cls(scenario=scenario, env=env, aws=aws, tables=tables, intake=intake, submission=submission)

    @property
    def stages(self) -> tuple[Deliveries, Deliveries]:
        """Return the handling of both queues."""
        return self.intake, self.submission

    def run(self) -> "Simulation":
        """Run to the end, and return the simulation with its figures."""
        submitter = SimulatedSubmitter(
            env=self.env, aws=self.aws, tables=self.tables, lease_s=DEFAULTS["claim_lease_s"]
        )
        for _ in range(self.scenario.workers):
            rest = Rest()
            for _ in range(DEFAULTS["pollers"]):
                poller = IntakePoller(deliveries=self.intake, submission=self.submission.queue, rest=rest)
                self.env.process(poller.run())
        submitters = self.scenario.submitters
        for _ in range(submitters):
            hold_back = HoldBack(limit=self.scenario.backlog, submitters=submitters)
            submitting = SubmissionPoller(
                deliveries=self.submission,
                submitter=submitter,
                rest=Rest(),
                pace=Pace(start_per_s=DEFAULTS["submissions_per_s"]),
                probes=ProbeRule(is_on=True),
                hold_back=hold_back,
            )
            self.env.process(submitting.run())
        self.env.process(self._upload_all())
        self.env.run(until=self.scenario.until_s)
        return self

    def _upload_all(self) -> Waiting:
        for number, upload in enumerate(self.scenario.uploads):
            yield self.env.timeout(upload.at_s - self.env.now)
            self.intake.queue.send(number, group=upload.owner)


def _queue(env: simpy.Environment, *, is_fair: bool) -> SimulatedQueue:
    return SimulatedQueue(
        env=env,
        visibility_timeout_s=_template_default("VisibilityTimeoutS"),
        max_receive_count=int(_template_default("MaxReceiveCount")),
        is_fair=is_fair,
    )


@functools.cache
def _template_default(parameter: str) -> float:
    """Return the default of a parameter of infra/pipeline.yaml."""
    return float(templates.parse(pipeline_template())["Parameters"][parameter]["Default"])
