"""The simulation's models follow AWS's documented rules, and a simulation notices a lost upload."""

from collections.abc import Generator
from typing import Any

import pytest
import simpy

from bench.scale.fair_order import FairOrder
from bench.scale.figures import Figures, allowed_drain_s, at_most
from bench.scale.reconcile_passes import JobStream, simulate
from bench.scale.scenario import HOUR_S, Scenario, Simulation, Upload, evenly
from bench.scale.simulated_aws import Limits, Outage
from bench.scale.simulated_queue import RETENTION_S, SimulatedQueue
from worker.retry import RetryRule

LIMITS = Limits(calls_per_s=10, burst=10, concurrent_jobs=1_000, job_s=150)


def queue_of(env: simpy.Environment, *, is_fair: bool = False) -> SimulatedQueue:
    """Return a queue whose messages are hidden for 30 s, and received three times at most."""
    return SimulatedQueue(env=env, visibility_timeout_s=30, max_receive_count=3, is_fair=is_fair)


def test_a_received_message_is_in_flight_until_its_timeout_or_its_delay_ends() -> None:
    """Then it can be received again, with a higher count."""
    env = simpy.Environment()
    queue = queue_of(env)
    queue.send(1)
    (letter,) = queue.receive(10)
    assert (queue.receive(10), queue.in_flight) == ([], 1)
    env.run(until=30)
    assert queue.in_flight == 0
    (letter,) = queue.receive(10)
    queue.hide(letter, 600)
    env.run(until=629)
    assert (queue.receive(10), queue.in_flight, letter.receives) == ([], 1, 2)
    queue.delete(letter)
    assert (queue.in_flight, queue.letters) == (0, {})


def test_a_message_that_is_received_too_often_or_too_old_is_gone() -> None:
    """The figures count it as lost."""
    env = simpy.Environment()
    queue = queue_of(env)
    queue.send(1)
    for _ in range(3):
        assert len(queue.receive(10)) == 1
        env.run(until=env.now + 31)
    assert (queue.receive(10), queue.moved) == ([], 1)
    queue.send(2)
    env.run(until=env.now + RETENTION_S)
    assert (queue.receive(10), queue.lost) == ([], 1)


def test_a_long_poll_ends_with_the_first_message_and_after_twenty_seconds() -> None:
    """It returns nothing if none comes."""
    env = simpy.Environment()
    queue, polled = queue_of(env), list[tuple[float, int]]()

    def poll() -> Generator[simpy.Event, Any, None]:
        for _ in range(2):
            letters = yield from queue.poll(10)
            polled.append((env.now, len(letters)))

    env.process(poll())
    env.run(until=5)
    queue.send(1)
    env.run(until=100)
    assert polled == [(5, 1), (25, 0)]


def test_quiet_groups_come_before_noisy_ones_and_then_the_oldest() -> None:
    """A group with much of the recent processing time, or of the messages in flight, is noisy."""
    order = FairOrder()
    assert order.next_group({"a": 1, "b": 2}) == "a"
    order.begin("a")
    order.end("a", took_s=10, now_s=10)
    assert order.next_group({"a": 1, "b": 2}) == "b"
    for _ in range(30):
        order.begin("c")
    assert order.next_group({"c": 1, "b": 2}) == "b"


def test_of_noisy_groups_the_one_with_fewer_messages_in_flight_comes_first() -> None:
    """So two callers with large backlogs share the rate."""
    order = FairOrder()
    for group, count in (("a", 8), ("b", 3)):
        for _ in range(count):
            order.begin(group)
            order.begin(group)
            order.end(group, took_s=1, now_s=1)
    assert order.next_group({"a": 1, "b": 2}) == "b"


def test_processing_time_is_forgotten() -> None:
    """A group that was noisy an hour ago is quiet, if others work now."""
    order = FairOrder()
    for group, now_s in (("a", 0.0), ("b", 3_600.0)):
        order.begin(group)
        order.end(group, took_s=10, now_s=now_s)
    assert order.next_group({"a": 2, "b": 1}) == "a"


def run(**changes: object) -> Figures:
    """Return the figures of 60 uploads in two hours."""
    uploads = evenly(60, from_s=0, to_s=2 * HOUR_S)
    scenario: dict[str, Any] = {"uploads": uploads, "limits": LIMITS, "until_s": 3 * HOUR_S, **changes}
    return Figures(Simulation.of(Scenario(**scenario)).run())


def test_a_calm_day_costs_one_call_and_one_delivery_for_each_upload() -> None:
    """The same parameters give the same times."""
    figures = run()
    assert (figures.lost, figures.calls_per_upload(), figures.deliveries()) == (0, 1, (1, 1))
    assert figures.queued_after_s() < 1
    assert run().waits_s() == figures.waits_s()


@pytest.mark.parametrize("service", ["mediaconvert", "dynamodb"])
@pytest.mark.parametrize("status", [500, 429])
def test_an_outage_costs_time_and_nothing_else(service: str, status: int) -> None:
    """Only the first uploads of an outage are tried, so few need a search afterwards."""
    outage = Outage(service=service, begin_s=600, end_s=1.5 * HOUR_S, status=status)  # type: ignore[arg-type]
    figures = run(outages=[outage])
    assert figures.lost == 0
    assert figures.waited_at(outage.end_s) > 30
    assert figures.calls_per_upload(from_s=outage.end_s) <= 1.2


def test_the_simulation_notices_a_rule_that_gives_up_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise its zeros would show nothing."""
    monkeypatch.setattr("bench.scale.scenario.RetryRule", lambda **_: RetryRule(give_up_after_s=600))
    outage = Outage(service="dynamodb", begin_s=600, end_s=1.5 * HOUR_S)
    figures = run(outages=[outage])
    assert figures.lost > 0
    assert figures.lost == sum(len(stage.dead_letters) for stage in figures.run.stages)


def test_a_burst_drains_at_the_rate_that_mediaconvert_allows() -> None:
    """1,000 uploads at once, ten calls a second."""
    figures = run(uploads=[Upload(at_s=0)] * 1_000)
    assert figures.lost == 0
    assert max(figures.waits_s()) <= 1.3 * allowed_drain_s(LIMITS, 1_000)


def test_jobs_above_mediaconverts_concurrency_wait_and_submission_holds_back() -> None:
    """MediaConvert's own queue stays short."""
    limits = Limits(calls_per_s=10, burst=10, concurrent_jobs=20, job_s=60)
    figures = run(uploads=[Upload(at_s=0)] * 300, limits=limits, backlog=50)
    assert 0 < figures.run.aws.most_submitted <= 70
    assert figures.run.aws.running <= 20


def test_every_lost_end_is_repaired_within_ten_minutes() -> None:
    """One end in a hundred is lost."""
    figures = simulate(JobStream(jobs_per_min=60, job_s=150, hours=2, lost_of=100))
    assert len(figures.repairs_s) > 30
    assert max(figures.repairs_s) <= 600


def test_a_goal_is_missed_above_its_figure() -> None:
    """The report prints the figure in either case."""
    assert [at_most("a", figure, 1.2).is_met for figure in (1.2, 1.21)] == [True, False]
    assert at_most("a", 1234.5, 5, unit="s").reached == "1,234.5 s"
