"""From characters and calls to tokens, dollars and hours: ranges, because none of this is known before it is spent.

What is assumed stands here as constants, each with where it comes from, and is said beside every estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from comity.agents.model import LanguageModel
from comity.llm.endpoint import Price


class Range(NamedTuple):
    """A number that is not known: the least, what is expected, and the most that is to be expected."""

    low: float
    mean: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Range:
        """A number that is known."""
        return cls(value, value, value)

    @property
    def exact(self) -> bool:
        """Whether the number is known."""
        return self.low == self.high

    def plus(self, other: Range) -> Range:
        """The sum of two."""
        return self._with(other, float.__add__)

    def times(self, other: Range) -> Range:
        """The product of two, neither of them negative."""
        return self._with(other, float.__mul__)

    def at_most(self, bound: float) -> Range:
        """The number where it cannot pass a bound."""
        return Range(*(min(value, bound) for value in self))

    def largest(self, other: Range) -> Range:
        """The larger of two."""
        return self._with(other, max)

    def _with(self, other: Range, joined: Callable[[float, float], float]) -> Range:
        return Range(*(joined(float(a), float(b)) for a, b in zip(self, other, strict=True)))


NOTHING = Range.exactly(0)
ONE = Range.exactly(1)


def added(ranges: Iterable[Range]) -> Range:
    """The sum of many."""
    total = NOTHING
    for each in ranges:
        total = total.plus(each)
    return total


PER_CHARACTER = Range(1 / 5, 1 / 4, 1 / 3)
"""Tokens per character of English prose and numbers, from large vocabularies to small ones."""
AROUND = Range(0, 5, 40)
"""Tokens around an answer that nobody asked for: a fence, a sentence."""
REASONS = Range(130, 480, 3_100)
"""Visible tokens of reasons before an answer.

The lowest, the middle and the highest of the median answers of five published agents that reason (CoopEval 2026; 528,
1,714, 1,937, 2,272 and 12,376 characters), four characters to a token.
"""
HIDDEN: dict[str | None, Range] = {
    None: NOTHING,
    "none": NOTHING,
    "minimal": Range(0, 100, 300),
    "low": Range(100, 400, 1_500),
    "medium": Range(300, 1_200, 5_000),
    "high": Range(1_000, 4_000, 20_000),
}
"""Hidden tokens of reasoning by effort: an assumption, for no published study has kept them."""
ASKED_AGAIN = Range(1, 1.01, 1.05)
"""How many calls one call becomes because answers that cannot be read are asked for again.

The published study: 0.9 % of all calls, 4.4 % of the agent with most (CoopEval 2026).
"""
SLOWEST = 2.1
"""How much longer than one answer the slowest of twelve takes (lognormal latencies, standard deviation of logs .5)."""


def tokens_in(characters: float) -> Range:
    """Tokens of prompts with so many characters."""
    return PER_CHARACTER.times(Range.exactly(characters))


def tokens_out(model: LanguageModel, characters: float) -> Range:
    """Tokens of one answer of so many characters, with its reasons and hidden reasoning."""
    answer = tokens_in(characters).largest(ONE)
    if model.form != "token":
        answer = answer.plus(AROUND)
    whole = answer.plus(REASONS if model.reasoning else NOTHING).plus(HIDDEN[model.effort])
    return whole if model.max_tokens is None else whole.at_most(model.max_tokens)


def cost(price: Price, tokens_in: Range, tokens_out: Range) -> Range:
    """US dollars at list prices; that cached prompts may be cheaper is left out."""
    million = 1_000_000
    return tokens_in.times(Range.exactly(price.input / million)).plus(
        tokens_out.times(Range.exactly(price.output / million))
    )


def seconds(chain: Range, calls: Iterable[Range], latency: float, concurrency: int) -> Range:
    """How long a run takes.

    chain: how many answers follow one another at most. calls: of each model. concurrency: how many calls of one model
    may wait at the same time. The least is the longer of the two bounds, the longest chain and the busiest model; the
    most is their sum (Graham, SIAM Journal on Applied Mathematics 1969), with every step as slow as its slowest answer.
    """
    one = Range.exactly(latency)
    waited = chain.times(one)
    busy = NOTHING
    for each in calls:
        busy = busy.largest(each.times(ASKED_AGAIN).times(Range.exactly(latency / concurrency)))
    most = busy.high + waited.high * SLOWEST
    return Range(max(busy.low, waited.low), max(busy.mean, waited.mean), most)
