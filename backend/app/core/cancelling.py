"""Whether the running task was told to stop: an error on its way out must not be taken for a reason to go on."""

import asyncio


def is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
