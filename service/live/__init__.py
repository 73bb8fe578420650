"""Live progress: the service reads each row once per tick, however many clients follow it."""
