"""A provider of our own, for tests: it speaks the real protocols over HTTP, plays what it is told, and fails on demand.

It knows no game. What answers is a `Brain`; what goes wrong is drawn by `Faults`; everything random is a function of
the seed, the model, the prompt and the attempt, so that a run against it can be repeated.
"""

from __future__ import annotations

from comity.llm.fake.account import Account, Served
from comity.llm.fake.batches import Batching
from comity.llm.fake.brain import Answered, Asked, Brain, Unanswerable, canned, schema_filler
from comity.llm.fake.chance import Chance
from comity.llm.fake.faults import FAULTS, HARMLESS, Fault, Faults
from comity.llm.fake.latency import Latency
from comity.llm.fake.server import FakeProvider, serving

__all__ = [
    "FAULTS",
    "HARMLESS",
    "Account",
    "Answered",
    "Asked",
    "Batching",
    "Brain",
    "Chance",
    "FakeProvider",
    "Fault",
    "Faults",
    "Latency",
    "Served",
    "Unanswerable",
    "canned",
    "schema_filler",
    "serving",
]
