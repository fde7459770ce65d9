"""The context attributes of EventBridge Scheduler: what the mend of the scheduler calls."""

import datetime


def fill(target, scheduled_at, event, schedule):
    """The target with <aws.scheduler.*> replaced in its Input. `scheduled_at` is seconds since the epoch."""
    text = target.get("Input")
    if not text:
        return target
    moment = datetime.datetime.fromtimestamp(scheduled_at, tz=datetime.timezone.utc)
    attributes = {
        "scheduled-time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schedule-arn": schedule.get("Arn", ""),
        "execution-id": event["EventId"],
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}
