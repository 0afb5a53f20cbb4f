"""What judging will take, told before anything is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from comity.judge.judging import Questions, Task
from comity.llm.endpoint import Price

LONG_TOKEN, SHORT_TOKEN = 5.0, 2.5
"""Bytes per token of English prose and of whatever is cut into more tokens; the count is a range between these."""
SHORT_ANSWER = 30
"""Tokens of a list of labels without hidden reasoning."""
DEFAULT_ANSWER = 2_000
"""Tokens of the longest answer where the settings do not bound it: a guess, and the upper end is one too then."""

Range: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Estimated:
    """What the calls of one judge will take, as ranges, without asking again and without failures.

    input, output: tokens. cost: US dollars; None where no price is known.
    """

    judge: str
    calls: int
    input: Range
    output: Range
    cost: Range | None


def estimated(
    tasks: Iterable[Task], models: Iterable[Questions], price: Callable[[str], Price | None]
) -> tuple[Estimated, ...]:
    """What these judgements will take, model by model; other judges take nothing. price: that of a model."""
    asked = {questions.model: questions for questions in models}
    sizes: dict[str, list[int]] = {name: [] for name in asked}
    for reason, judge, number in tasks:
        if judge in asked:
            sizes[judge].append(asked[judge].request(reason, number).size)
    return tuple(_of(asked[name], sizes[name], price(name)) for name in asked)


def _of(questions: Questions, sizes: list[int], price: Price | None) -> Estimated:
    calls, longest = len(sizes), questions.settings.max_tokens or DEFAULT_ANSWER
    asked = sum(sizes) / LONG_TOKEN, sum(sizes) / SHORT_TOKEN
    answered = float(calls * min(SHORT_ANSWER, longest)), float(calls * longest)
    if price is None:
        return Estimated(questions.model, calls, asked, answered, None)
    low, high = ((i * price.input + o * price.output) / 1e6 for i, o in zip(asked, answered, strict=True))
    return Estimated(questions.model, calls, asked, answered, (low, high))
