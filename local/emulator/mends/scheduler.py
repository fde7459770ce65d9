"""Schedules fill in <aws.scheduler.scheduled-time> and the other context attributes, and fire within a second.

The emulator passes the names on as they are, and looks for due schedules every ten seconds.
"""

from mending import edit

MODULE = "ministack.services.scheduler"

edit(MODULE, "_SCHEDULE_TICK_INTERVAL = 10  # seconds between sweeps\n", "_SCHEDULE_TICK_INTERVAL = 1\n")
edit(
    MODULE,
    "                one_shot = True\n",
    "                one_shot = True\n                scheduled_at = at_epoch\n",
)
edit(
    MODULE,
    "                    if now - _schedule_last_fired[state_key] < interval:\n                        continue\n",
    '''                    scheduled_at = _to_epoch(_schedule_last_fired[state_key]) + interval
                    if now < scheduled_at:
                        continue
''',
)
edit(
    MODULE,
    "                    if next_fire is None or now_dt < next_fire:\n                        continue\n",
    '''                    if next_fire is None or now_dt < next_fire:
                        continue
                    scheduled_at = next_fire.timestamp()
''',
)
edit(
    MODULE,
    "                _eb._invoke_target(target, event, sched)\n",
    '''                import scheduler_context
                _eb._invoke_target(scheduler_context.fill(target, scheduled_at, event, sched), event, sched)
''',
)
