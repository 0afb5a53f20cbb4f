"""P10 to P12: language models over HTTP, against the fake provider: waiting, CPU, calls in flight, memory, store."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from benchmarks.measure import Check, Timed, timed
from benchmarks.models_provider import LATENCY, Provider, Served, provider, saying
from comity.llm.fake import Asked
from comity.llm.request import Completion, Draw, Message, Request, Usage
from comity.records.calls import Call
from comity.records.store import Header, RunFile
from comity.runs.models import Models
from comity.runs.plan import read_plan
from comity.runs.run import run

KEY = "COMITY_BENCHMARK_KEY"
UNLIMITED = 100_000
PAIRS = 7
RUNS = 3
LIMITS = ((18, "200ms"), (64, "200ms"), (18, "2s"), (64, "2s"), (200, "2s"))
"""Calls in flight, and the median time of an answer. 200 answers of 200 ms would be more a second than CPU allows."""


@dataclass(frozen=True)
class Study:
    """What is played: a game under a mechanism by so many models, each way to seat them so often.

    answers: how the provider answers. tagged: whether it plays a strategy, which reads the decision from a tag.
    """

    name: str
    game: str
    mechanism: str
    answers: Sequence[str]
    agents: int = 6
    repeats: int = 1
    tagged: bool = False

    def plan(self, served_at: str, in_flight: int) -> str:
        """The plan, at a provider."""
        return "\n".join(
            [
                f'name = "benchmark"\nseed = 1\ngames = ["{self.game}"]\nmechanisms = [{self.mechanism}]',
                f"[matching]\nrepeats = {self.repeats}",
                f"[calls]\nin_flight = {in_flight}",
                *(self._agent(number, served_at) for number in range(self.agents)),
            ]
        )

    def _agent(self, number: int, served_at: str) -> str:
        return "\n".join(
            [
                f'[[agents]]\nname = "model"\nlabel = "model {number}"\nmodel = "openai-chat:model-{number}"',
                f'base_url = "{served_at}"\nkey = "{KEY}"\nmax_tokens = 1000\ninput_price = 1\noutput_price = 2',
                f"tagged = {str(self.tagged).lower()}",
            ]
        )


PLAYED = ("--strategy", "random")
STUDIES = (
    Study("no mechanism, prisoner's dilemma", "prisoners_dilemma", '"none"', saying("cooperate")),
    Study("repetition x 15, prisoner's dilemma", "prisoners_dilemma", '"repetition"', saying("cooperate")),
    Study("contracting, prisoner's dilemma", "prisoners_dilemma", '"contracting"', PLAYED, tagged=True),
    Study("reputation, prisoner's dilemma", "prisoners_dilemma", '"reputation"', saying("cooperate")),
    Study("no mechanism, public goods", "public_goods", '"none"', saying("contribute")),
    Study("repetition x 15, public goods", "public_goods", '"repetition"', saying("contribute")),
)
REPEATED = '{name = "repetition", rounds = 15}'
FIVE = '{name = "repetition", rounds = 5}'
PLAYS = """
import sys
from pathlib import Path
from comity.runs.plan import read_plan
from comity.runs.run import run
run(read_plan(Path(sys.argv[1])), Path(sys.argv[2]))
"""
"""Plays a plan, without the tables that `comity run` makes of it afterwards."""


def main() -> None:
    os.environ[KEY] = "sk-of-this-benchmark-only"
    print("\nlanguage models, over HTTP against the fake provider in another process (median 200 ms, sigma 0.5)")
    waiting()
    own_time()
    in_flight()
    memory()
    store()


@dataclass(frozen=True)
class Played:
    """A run: its calls, what the provider says of it, and the seconds it took, its set-up included."""

    calls: Sequence[Call]
    served: Served
    wall: float

    @property
    def seconds(self) -> float:
        """How long all answers took together, as seen from here."""
        return sum(call.completion.seconds for call in self.calls)


def played(study: Study, in_flight: int, latency: Sequence[str] = LATENCY) -> Played:
    """Play it once, all calls answered."""
    with provider(*study.answers, latency=latency) as place, _planned(study, place, in_flight) as folder:
        whole = timed(lambda: run(read_plan(folder / "plan.toml"), folder / "run"))
        with RunFile.open(folder / "run") as file:
            Check("every match is finished", file.is_complete() and file.count_of("finished") == file.count())
            calls = list(file.calls())
        served = place.served(checks=study.agents)
    Check("as many requests as calls in the run", served.requests == len(calls))
    return Played(calls, served, whole.wall)


@contextmanager
def _planned(study: Study, place: Provider, in_flight: int) -> Iterator[Path]:
    """A folder with the plan in it."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "plan.toml").write_text(study.plan(place.url, in_flight), encoding="utf-8")
        yield Path(name)


# Time to wait


def waiting() -> None:
    """How much longer a study takes than its slowest match must."""
    print(f"\nP11 span / critical path, unlimited in flight, {RUNS} runs each (asked for: at most 1.1)")
    for study in STUDIES:
        runs = [played(study, UNLIMITED) for _ in range(RUNS)]
        ratios = [one.served.span / critical_path(one) for one in runs]
        middle = sorted(runs, key=lambda one: one.served.span)[RUNS // 2]
        print(
            f"  {study.name:38} {median(ratios):5.3f} (from {min(ratios):.3f} to {max(ratios):.3f}); "
            f"{len(middle.calls):,} calls, path {critical_path(middle):.2f} s, span {middle.served.span:.2f} s, "
            f"{len(middle.calls) / middle.served.span:,.0f} calls/s, "
            f"{middle.served.seconds / middle.served.span:.0f} in flight, "
            f"answers seen {100 * (middle.seconds / middle.served.seconds - 1):.1f} % later than given; "
            f"whole run {middle.wall:.2f} s"
        )


def critical_path(one: Played) -> float:
    """The seconds of the slowest match: of each of its steps the slowest answer, asked again where it was.

    They are the provider's own; as seen from here answers take longer, and the path would be, too.
    """
    slots: defaultdict[tuple[int, int, int], float] = defaultdict(float)
    for call, seconds in _provided(one):
        slots[call.draw.key, call.draw.step, call.draw.slot] += seconds
    steps: defaultdict[tuple[int, int], float] = defaultdict(float)
    for (key, step, _), seconds in slots.items():
        steps[key, step] = max(steps[key, step], seconds)
    matches: defaultdict[int, float] = defaultdict(float)
    for (key, _), seconds in steps.items():
        matches[key] += seconds
    return max(matches.values())


def _provided(one: Played) -> Iterator[tuple[Call, float]]:
    """Each call with the seconds the provider took for it; equal prompts are told apart by the order of the answers."""
    asked: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in sorted(one.calls, key=lambda call: call.completion.at):
        model = call.request.model.removeprefix("openai-chat:")
        asked[model, Asked(model, call.request.messages, settings=call.request.settings).digest].append(call)
    Check("the provider was asked what the run says", asked.keys() == one.served.answers.keys())
    for prompt, calls in asked.items():
        yield from zip(calls, one.served.answers[prompt], strict=True)


# CPU


def own_time() -> None:
    """CPU of a whole run per call, and of the same requests sent by the client library alone."""
    study = Study("", "prisoners_dilemma", REPEATED, saying("cooperate"), agents=1, repeats=150)
    print(f"\nP10 CPU per call, 200 in flight, {PAIRS} pairs in turn (asked for: at most 0.5 ms of our own)")
    with provider(*study.answers) as place:
        pairs = [_pair(study, place) for _ in range(PAIRS + 1)][1:]  # what is done once per process is not timed
    number = pairs[0][0].result
    ours, theirs = ([1e3 * side.cpu / number for side in sides] for sides in zip(*pairs, strict=True))
    own = [our - their for our, their in zip(ours, theirs, strict=True)]
    print(
        f"  {number:,} calls; a whole run {median(ours):.2f} ms a call, the client library alone {median(theirs):.2f}"
    )
    print(f"  our own  {median(own):.2f} ms a call (from {min(own):.2f} to {max(own):.2f})")


def _pair(study: Study, place: Provider) -> tuple[Timed[int], Timed[None]]:
    with _planned(study, place, 200) as folder:
        plan = read_plan(folder / "plan.toml")
        gc.collect()
        ours = timed(lambda: run(plan, folder / "run"))
        with RunFile.open(folder / "run") as file:
            Check("every match is finished", file.count_of("finished") == plan.n_matches)
            requests = [call.request for call in file.calls()]
        return Timed(len(requests), ours.cpu, ours.wall), asyncio.run(_library(Models.of(plan), requests))


async def _library(models: Models, requests: Sequence[Request]) -> Timed[None]:
    """The same requests by pydantic-ai over the same HTTP client, ready made, by 200 tasks."""
    from pydantic_ai.direct import model_request
    from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart

    [reached] = models.endpoints.values()
    ready = iter(
        [
            [ModelRequest(parts=[SystemPromptPart(system.text)]), ModelRequest(parts=[UserPromptPart(user.text)])]
            for system, user in (request.messages for request in requests)
        ]
    )

    async def send() -> None:
        for messages in ready:
            await model_request(reached._model, messages, model_settings={"max_tokens": 1000, "timeout": 300})  # type: ignore[attr-defined]

    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(send() for _ in range(200)))
    sent = Timed(None, time.process_time() - cpu, time.perf_counter() - wall)
    await reached.close()
    return sent


# Calls in flight


def in_flight() -> None:
    """How full a limit is kept, until fewer calls could be in flight than it allows."""
    print("\nP12 in flight, of a given limit, until the tail (asked for: at least 95 %)")
    for limit, answer in LIMITS:
        study = Study("", "prisoners_dilemma", FIVE, saying("cooperate"), agents=1, repeats=2 * limit)
        one = played(study, limit, ("--latency", answer, "--sigma", "0.5"))
        full = _until_tail(one.calls, limit)
        shown = f"limit {limit:3}, answers of {answer:5}: {100 * full.share:.1f} % over the first {full.seconds:.1f} s"
        provided = 100 * one.served.seconds / one.served.span / limit
        print(
            f"  {shown} of {one.served.span:.1f} s as seen from here, {len(one.calls):,} calls; at the provider "
            f"at most {one.served.peak}, and {provided:.1f} % with the tail"
        )
        Check(f"never more than {limit} calls at the provider", one.served.peak <= limit)


@dataclass(frozen=True)
class Fullness:
    """The share of a limit that was in flight, and the seconds until the tail."""

    share: float
    seconds: float


def _until_tail(calls: Sequence[Call], limit: int) -> Fullness:
    """A call can be in flight from when the step before it was answered; the tail begins when fewer can than may."""
    possible, flying = _possible(calls), [(c.completion.at - c.completion.seconds, c.completion.at) for c in calls]
    start = min(sent for sent, _ in flying)
    tail = max(since for since, number in _counted(possible) if number >= limit)
    covered = sum(max(0.0, min(answered, tail) - sent) for sent, answered in flying)
    return Fullness(covered / limit / (tail - start), tail - start)


def _possible(calls: Sequence[Call]) -> list[tuple[float, float]]:
    """From when until when each call was to be answered."""
    ends: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for call in calls:
        steps = ends[call.draw.key]
        steps[call.draw.step] = max(steps.get(call.draw.step, 0.0), call.completion.at)
    begin = min(call.completion.at - call.completion.seconds for call in calls)
    before: dict[tuple[int, int], float] = {}
    for key, steps in ends.items():
        ordered = sorted(steps)
        before |= {(key, later): steps[earlier] for earlier, later in pairwise(ordered)}
    return [(before.get(call.draw[:2], begin), call.completion.at) for call in calls]


def _counted(spans: Sequence[tuple[float, float]]) -> Iterator[tuple[float, int]]:
    """How many of the spans hold each moment at which one begins or ends."""
    events = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    number = 0
    for moment, change in events:
        number += change
        yield moment, number


# Memory


def memory() -> None:
    """The peak of a process that plays and keeps a run, for some matches and for eight times as many."""
    print("\nmemory of a process that plays and keeps a run, 200 in flight")
    peaks: Mapping[int, float] = {repeats: _peak(repeats) for repeats in (1_000, 8_000)}
    for repeats, peak in peaks.items():
        print(f"  {repeats:,} matches, {2 * repeats:,} calls: at most {peak:.0f} MB")


def _peak(repeats: int) -> float:
    study = Study("", "prisoners_dilemma", '"none"', saying("cooperate"), agents=1, repeats=repeats)
    with provider(*study.answers) as place, _planned(study, place, 200) as folder:
        order = [sys.executable, "-c", PLAYS, str(folder / "plan.toml"), str(folder / "run")]
        child = subprocess.Popen(order, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        Check("the run ends well", child.returncode == 0)
    return usage.ru_maxrss / 1024


# Store


def store(calls: int = 20_000) -> None:
    """How long the store holds everybody up who waits on the same loop."""
    print("\nthe store: a completion of 1.2 kB and its request of 2.5 kB kept, and the reply written into the journal")
    answer = Completion("w" * 1200, served="model", usage=Usage(500, 0, 300), cost=0.001, at=1.0)
    took = []
    header = Header("store", "plan", "", 1, (("model", None),), 1)
    with tempfile.TemporaryDirectory() as name, RunFile.create(Path(name), header) as file:
        begin = time.process_time()
        for number in range(calls):
            user = Message("user", f"{number}" + "u" * 1800)
            request = Request("openai-chat:model", (Message("system", "s" * 700), user))
            match, step = divmod(number, 30)
            since = time.perf_counter()
            file.keep_call(request, Draw(match, step, 0, "model"), answer)
            file.journal(match, step, 0, "cooperate")
            took.append(time.perf_counter() - since)
        cpu = time.process_time() - begin
    held = quantiles(took, n=1000)
    print(
        f"  {1e6 * cpu / calls:.0f} µs CPU a call; wall {1e6 * median(took):.0f} µs (median), "
        f"{1e3 * held[989]:.1f} ms (99 %), {1e3 * held[-1]:.1f} ms (99.9 %), {1e3 * max(took):.1f} ms at most; "
        f"{sum(took) / calls * 500:.1%} of the time of a loop with 500 calls per second"
    )


if __name__ == "__main__":
    main()
