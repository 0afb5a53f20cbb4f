"""The first question about each reason, asked in batches; what was answered is in the file before judging begins.

Judging itself does not change: it finds the answers there. A reason whose answer failed in its batch, or cannot be
read, is asked about by ordinary calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from comity.judge.judging import ModelJudge, Task
from comity.judge.keeping import Judgements
from comity.llm.batch import Watch
from comity.llm.client import Client


async def ask_at_once(
    file: Judgements, tasks: Sequence[Task], judges: Sequence[ModelJudge], client: Client, watch: Watch | None
) -> None:
    """Ask all judges what they are asked at first, and wait for the answers: minutes, or a day.

    Raises `JudgeError` where a judge judged otherwise before, and what ends a run (`comity.llm.errors.RunStops`).
    """
    for judge in judges:
        file.introduce(judge.name, judge.how)
    asking = [asyncio.create_task(_ask(judge, tasks, client, watch)) for judge in judges]
    try:
        await asyncio.gather(*asking)
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def _ask(judge: ModelJudge, tasks: Sequence[Task], client: Client, watch: Watch | None) -> None:
    asked = [judge.first(task.reason, task.number) for task in tasks if task.judge == judge.name]
    await client.complete_batch(judge.endpoint, asked, watch)
