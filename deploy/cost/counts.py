"""What the program asks of AWS, counted; tests count it again, on an emulator and in the templates. Pure."""

ANNOUNCE_WRITES = 1
SUBMIT_READS = 1
SUBMIT_WRITES = 5
"""The claim and what is recorded on it, the key's row, the status, the file's row."""
EVENT_WRITES = 1
"""Of PROGRESSING and of each STATUS_UPDATE, one batch each. A backlog of one job is a write for all of it."""
COMPLETE_READS = 2
COMPLETE_WRITES = 1
COMPLETE_PUTS = 2
"""The key file and info.json."""
LOOK_READS = 1
"""Of a job that somebody watches, once a tick at most, however many watch."""
FILE_LOOK_READS = 2
"""Of a file that has a job: both rows."""

LOG_BYTES_PER_UPLOAD = 8_000
"""What service and worker log about one upload, from its announcement to COMPLETE, at LOG_LEVEL=INFO."""
ROW_BYTES = 1_024
"""No row is larger: a write of any is one unit."""

ALARM_METRICS = {"lambda": 12, "fargate": 12}
"""Metrics in the alarms of alarms.yaml."""
SCALING_METRICS = {"lambda": 0, "fargate": 10}
"""Metrics in target tracking's alarms: two alarms for each policy, those of the worker over three metrics each."""
METRICS_OF_OUR_OWN = 9
"""Metric filters on the logs; one costs only for hours in which it counts something."""

SEGMENT_S = 6
RENDITIONS = 3
NORMALIZED = 5
"""Normalized minutes of one minute of video: 2 for each of 1080p and 720p, 1 for 360p."""

FIRST_VERSION_SUBMIT_WRITES = 3
FIRST_VERSION_ALARMS = 24
"""Autoscaling of three tables' reads and writes: four alarms for each of the six."""
