"""`python -m bench.scale` (`make scale`): simulate all cases, print the goals, and write docs/scale.md.

The command ends with 1 if a goal is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.scale.figures import Figures, Goal, percentile
from bench.scale.goals import GOALS
from bench.scale.needs import SCALES, need, needed_limits, old_limits, peak_per_s, submission_settings
from bench.scale.scale_report import BusyHour, document
from bench.scale.scenario import HOUR_S, Scenario, Simulation, evenly
from bench.scale.simulated_aws import Limits

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
PROCESSES = 2
OLD_TITLE = "With MediaConvert's limits of about 2018 (R = 2, B = 100, C = 200) and the default settings"
NEEDED_TITLE = "With the quotas and the settings of the first table"


def busy_hour(scale: int, limits: Limits, submitters: int, backlog: int) -> BusyHour:
    """Return the figures of an hour with the scale's highest load."""
    count = round(peak_per_s(scale) * HOUR_S)
    scenario = Scenario(
        uploads=evenly(count, from_s=0, to_s=HOUR_S),
        limits=limits,
        until_s=HOUR_S + 60,
        submitters=submitters,
        backlog=backlog,
    )
    run = Simulation.of(scenario).run()
    figures = Figures(run)
    waits_s = figures.waits_s()
    return BusyHour(
        scale=scale,
        uploads=count,
        middle_wait_s=percentile(waits_s, 0.5),
        long_wait_s=percentile(waits_s, 0.99),
        left=count - len(waits_s),
        most_submitted=run.aws.most_submitted,
        calls_per_upload=figures.calls_per_upload(),
    )


def goals_of(number: int) -> list[Goal]:
    """Return the goals of one scenario; a number can be sent to another process, and a function can't."""
    return _timed(GOALS[number])


def main() -> int:
    """Run all simulations, in two processes."""
    argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__).parse_args()
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = [pool.submit(goals_of, number) for number in range(len(GOALS))]
        old = [pool.submit(busy_hour, scale, old_limits(), *submission_settings(0)) for scale in SCALES]
        needs = [need(scale) for scale in SCALES]
        needed = [
            pool.submit(busy_hour, each.scale, needed_limits(each.scale), each.submitters, each.backlog)
            for each in needs
        ]
        goals = [goal for each in found for goal in each.result()]
        hours = [(OLD_TITLE, [each.result() for each in old]), (NEEDED_TITLE, [each.result() for each in needed])]
    DOCUMENT.write_text(document(goals, hours), encoding="utf-8")
    for goal in goals:
        sys.stdout.write(f"{'ok    ' if goal.is_met else 'MISSED'} {goal.name}: {goal.reached} ({goal.wanted})\n")
    return 0 if all(goal.is_met for goal in goals) else 1


def _timed(scenario: Callable[[], list[Goal]]) -> list[Goal]:
    began_s = time.monotonic()
    goals = scenario()
    sys.stderr.write(f"{goals[0].name.partition(':')[0]}: simulated in {time.monotonic() - began_s:.0f} s\n")
    return goals


if __name__ == "__main__":
    sys.exit(main())
