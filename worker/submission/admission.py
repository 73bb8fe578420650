"""The admission of an upload before its job is created: the probe, the limits, the budgets, and the job's plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from transcode.billing import BilledOutput, billing, largest_billable_ms
from transcode.lookup_table import LookupTable
from worker.claim import Claim
from worker.job_plan import JobPlan
from worker.submission.billed_outputs import planned_outputs
from worker.submission.budget_rule import Budgets, exhausted
from worker.submission.budget_table import BudgetTable
from worker.submission.input_rule import InputLimits
from worker.submission.mediaconvert import JobRefusedError, MediaConvertBusyError, MediaConvertJobs
from worker.submission.probe_rule import NotProbed, ProbeRule
from worker.submission.probed_input import ProbedInput
from worker.submission.prober import Prober

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Decides which uploads get a job. All submitters of a process share one."""

    mediaconvert: MediaConvertJobs
    prober: Prober
    rule: ProbeRule
    limits: InputLimits
    budgets: Budgets
    budget_table: BudgetTable
    lookups: LookupTable
    price_usd: float | None = None

    async def admit(self, claim: Claim, *, now_s: float, profile: str | None = None) -> JobPlan:
        """Return the plan of the claim's job of this profile. A claim that was planned before keeps its plan.

        Raises:
            JobRefusedError: The input exceeds a limit, a budget is exhausted, or the job template is missing.
            MediaConvertBusyError: A budget needs an answer of MediaConvert that it doesn't give now.
            Exception: Any other error; the job was not created.
        """
        planned = claim.plan
        if planned and (claim.is_counted or (planned.estimate and not self.budgets.is_on)):
            return planned
        template = await self.mediaconvert.template(profile, now_s=now_s)
        probed = await self._probe(claim.destination.input_file, template, now_s=now_s)
        outputs = planned_outputs(template, probed)
        plan = self._plan(outputs, probed)
        if self.budgets.is_on:
            await self._count(claim, plan, outputs, now_s=int(now_s))
        return plan

    async def _probe(self, input_file: str, template: Mapping[str, Any], *, now_s: float) -> ProbedInput | None:
        if not self.rule.is_due(now_s=now_s):
            return None
        outcome = await self.prober.probe(input_file)
        self.rule.record_probe(outcome, now_s=now_s)
        if isinstance(outcome, NotProbed):
            log.warning(
                "input.not_probed", input_file=input_file, reason=str(outcome.error) or type(outcome.error).__name__
            )
            if self.rule.must_wait(outcome):
                raise MediaConvertBusyError(outcome.error, is_jobless=True, is_denied=outcome.is_denied)
        if not isinstance(outcome, ProbedInput):
            return None
        if failure := self.limits.refusal(outcome, template["Settings"]):
            raise JobRefusedError(failure)
        return outcome

    def _plan(self, outputs: list[BilledOutput], probed: ProbedInput | None) -> JobPlan:
        duration_ms = probed.duration_ms if probed else None
        return JobPlan(
            formats=[each.format for each in outputs],
            clip_ms=self.limits.max_duration_s * 1000,
            estimate=(
                None if duration_ms is None else billing(outputs, duration_ms=duration_ms, price_usd=self.price_usd)
            ),
        )

    async def _count(self, claim: Claim, plan: JobPlan, outputs: list[BilledOutput], *, now_s: int) -> None:
        input_file = claim.destination.input_file
        lookup = await self.lookups.get(input_file, now_s=now_s) if self.budgets.per_day_and_caller else None
        counted_ms = largest_billable_ms(outputs, max_duration_ms=self.limits.max_duration_s * 1000)
        counters = self.budgets.counters(counted_ms=counted_ms, caller=lookup.owner if lookup else None, now_s=now_s)
        if not await self.budget_table.count(claim, plan, counters, counted_ms=counted_ms, now_s=now_s):
            raise JobRefusedError(exhausted())
