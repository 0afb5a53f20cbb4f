"""The fake provider in a process of its own, and what it says it has served."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

LATENCY = ("--latency", "200ms", "--sigma", "0.5")
"""A median of 200 ms and a lognormal tail: on average an answer takes 227 ms."""
REASONS = "What I do now may be answered in kind. " * 30
"""A reply of 1.2 kB, as replies with reasons are."""


def saying(answer: str) -> tuple[str, ...]:
    """Answer everything so, after some reasons."""
    return ("--text", f'{REASONS}\n{{"answer": "{answer}"}}')


@dataclass(frozen=True)
class Served:
    """What a provider served.

    answers: the seconds that each answer took, by the model and the digest of its prompt, in the order in which they
    were given. span: seconds from the arrival of the first request to the end of the last. peak: the most at a time.
    """

    answers: Mapping[tuple[str, str], Sequence[float]]
    span: float
    peak: int

    @property
    def requests(self) -> int:
        """How many there were."""
        return sum(map(len, self.answers.values()))

    @property
    def seconds(self) -> float:
        """How long all of them took together."""
        return sum(map(sum, self.answers.values()))


@dataclass(frozen=True)
class Provider:
    """A provider that serves. url: for OpenAI's protocol. process: its number."""

    url: str
    account: str
    process: int

    def served(self, checks: int) -> Served:
        """What it served, but for the first requests, which asked whether the models are there."""
        with urllib.request.urlopen(f"{self.account}?log=1") as reply:
            told = json.load(reply)
        log = sorted(told["log"], key=lambda one: one["start"])[checks:]
        if told["by_status"] != {"200": told["requests"]}:
            raise SystemExit(f"check failed: the provider did not answer everything: {told['by_status']}")
        answers: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for one in sorted(log, key=lambda one: one["end"]):
            model, digest, _ = one["question"]
            answers[model, digest].append(one["end"] - one["start"])
        return Served(answers, max(one["end"] for one in log) - log[0]["start"], told["peak"])


@contextmanager
def provider(*options: str, latency: Sequence[str] = LATENCY) -> Iterator[Provider]:
    """A fake provider with these options, for as long as the context lasts."""
    order = [sys.executable, "-m", "comity.cli", "fake-provider", "--seed", "1", *latency, *options]
    with subprocess.Popen(order, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            urls = dict(entry.split("=", 1) for entry in process.stdout.readline().split())
            if not urls:
                raise SystemExit("the fake provider did not start")
            yield Provider(urls["openai"], urls["account"], process.pid)
        finally:
            process.terminate()
