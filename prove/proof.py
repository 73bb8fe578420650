"""Runs the steps of a proof one after another, and collects the report."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError
from botocore.exceptions import ClientError as AwsError

from mediaconvert_status_client.errors import ClientError, one_line
from mediaconvert_status_client.hls import PlaylistError
from mediaconvert_status_client.playback_check import UnplayableError
from prove.account import DELETED_WITHIN_S, DeployedSystem
from prove.cost import transcode_cents
from prove.deletion import deletes
from prove.event_copy import EventCopy
from prove.report import Outcome, Report, Shapes, StepResult
from prove.session import Session, StepFailedError, StepSkippedError
from prove.steps import PUBLIC_STEPS, Done

NEEDED = frozenset({"ready", "access"})
"""Steps without which no other step can pass."""
UNSEEN_EVENTS = (
    "the events of S3 and MediaConvert: they don't pass the public address; EVENTS=1 copies them to a queue and "
    "compares them"
)
UNSEEN_ACCOUNT = "dead-letter queues and alarms: they need AWS credentials, and this proof was public only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One run of all steps; `system` is None if only the public address may be used."""

    session: Session
    system: DeployedSystem | None
    is_keeping: bool
    events: EventCopy | None
    """The copy of the events, if it was requested."""
    report_step: Callable[[StepResult], None]

    async def run(self, began_at: str) -> Report:
        """Run every step, and return the report."""
        results: list[StepResult] = []
        for name, step in PUBLIC_STEPS.items():
            results.append(await self._run(name, lambda step=step: step(self.session)))  # type: ignore[misc]
            if name in NEEDED and results[-1].outcome is Outcome.FAILED:
                break
        else:
            results += [await self._run(name, step) for name, step in self._last_steps().items()]
        if self.events:
            results.append(await self._run("events of AWS", self._events))
        recorder = self.session.recorder
        return Report(
            address=self.session.api_url,
            began_at=began_at,
            steps=results,
            shapes=Shapes(
                counts=recorder.counts,
                unknown={name: sorted(each) for name, each in recorder.unknown.items()},
                missing={name: sorted(each) for name, each in recorder.missing.items()},
                undeclared=sorted(recorder.undeclared),
            ),
            unseen=[*([] if self.events else [UNSEEN_EVENTS]), *([] if self.system else [UNSEEN_ACCOUNT])],
        )

    def _last_steps(self) -> dict[str, Callable[[], Awaitable[Done]]]:
        return {
            "dead-letter queues": self._dead_letter_queues,
            "alarms": self._alarms,
            "deletion": self._deletion,
            "deleted objects": self._deleted_objects,
        }

    async def _run(self, name: str, step: Callable[[], Awaitable[Done]]) -> StepResult:
        began_s = time.monotonic()
        video_s = 0.0
        try:
            done = await step()
        except StepSkippedError as error:
            outcome, text = Outcome.SKIPPED, str(error)
        except (StepFailedError, ClientError, UnplayableError, PlaylistError, AwsError, BotoCoreError) as error:
            outcome, text = Outcome.FAILED, one_line(str(error))
        else:
            outcome, text, video_s = Outcome.PASSED, done.text, done.video_s
        cents = transcode_cents(video_s) if video_s else 0.0
        seconds = time.monotonic() - began_s
        result = StepResult(name=name, outcome=outcome, text=text, seconds=seconds, cents=cents)
        self.report_step(result)
        return result

    def _needed_system(self) -> DeployedSystem:
        if self.system is None:
            raise StepSkippedError("needs AWS credentials, and this proof is public only")
        return self.system

    async def _dead_letter_queues(self) -> Done:
        counts = await self._needed_system().dead_letters()
        if full := [f"{name}: {count}" for name, count in counts.items() if count]:
            raise StepFailedError(f"{', '.join(full)} message(s); docs/operations.md says how to redrive them")
        return Done(text=f"{len(counts)} queues are empty")

    async def _events(self) -> Done:
        """Add the shapes of the copied events to the report."""
        if self.events is None:
            raise StepSkippedError("not requested")
        shapes = await self.events.read()
        recorder = self.session.recorder
        recorder.counts |= shapes.counts
        recorder.unknown |= {name: each for name, each in shapes.unknown.items() if each}
        recorder.missing |= shapes.missing()
        if not shapes.counts:
            raise StepFailedError("no event of S3 or MediaConvert reached the copy")
        return Done(text=f"{sum(shapes.counts.values())} events of {len(shapes.counts)} kinds compared")

    async def _alarms(self) -> Done:
        states = await self._needed_system().alarm_states()
        if states is None:
            raise StepSkippedError("the deployment has no alarms")
        if ringing := sorted(name for name, state in states.items() if state == "ALARM"):
            raise StepFailedError(f"{', '.join(ringing)} fired; docs/operations.md says what to do")
        return Done(text=f"{len(states)} alarms are quiet")

    async def _deletion(self) -> Done:
        self._check_that_videos_go()
        return await deletes(self.session)

    async def _deleted_objects(self) -> Done:
        self._check_that_videos_go()
        system, input_files = self._needed_system(), self.session.input_files
        if left := await system.objects_left(input_files):
            await system.remove(left)
            raise StepFailedError(f"{len(left)} objects were left after {DELETED_WITHIN_S} s; this proof removed them")
        return Done(text=f"no object of {len(input_files)} uploads is left in the buckets")

    def _check_that_videos_go(self) -> None:
        if self.is_keeping:
            raise StepSkippedError("the videos stay, because --keep was given")
