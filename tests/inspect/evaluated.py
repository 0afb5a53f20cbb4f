"""Evaluates our tasks with Inspect's mock model and leaves the logs in a folder: `... -m tests.inspect.evaluated DIR`.

It is a process of its own because Inspect evaluates once at a time in one, and leaves threads and warnings behind. The
mock model is given the usage of each answer: else it would count tokens, and fetch an encoding to do so.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.model import ChatMessage, Model, ModelOutput, ModelUsage, StopReason, get_model

from comity.inspect.tasks import cooperation, match
from tests.conftest import refuse_network

PLAN = """
name = "two-models"
seed = 3
games = ["prisoners_dilemma"]
mechanisms = ["mediation"]
agents = [
    {name = "model", label = "kind", model = "openai:gpt-5.2", reasoning = false},
    {name = "model", label = "unkind", model = "inspect:mockllm/model", reasoning = false},
    "random",
]
"""


def said(text: str, reason: StopReason = "stop") -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", text, reason)
    output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
    return output


def cooperates(*asked: Any) -> ModelOutput:
    return said('It is best for both.\n{"answer": "cooperate"}')


def filled(action: str, *, approves: bool) -> Callable[..., ModelOutput]:
    """Fills every place of the shape that the prompt ends with: with that action, or with whether it approves."""

    def fill(place: re.Match[str]) -> str:
        return f'"{action}"' if action in place[0] else json.dumps(approves)

    def answer(messages: Sequence[ChatMessage], *rest: Any) -> ModelOutput:
        text = messages[-1].text
        return said(re.sub("<[^<>]*>", fill, text[text.rindex('{"answer"') :]))

    return answer


def failing() -> Iterator[ModelOutput]:
    """Unreadable twice, withheld twice, two options at once and then one; after that it is broken for good."""
    yield from (said("I would rather not say."), said("cooperate or defect"))
    yield from (said("", "content_filter"), said("", "content_filter"))
    yield from (said('{"answer": "cooperate", "answer": "defect"}'), said('So be it.\n{"answer": "defect"}'))


def mock(outputs: Any) -> Model:
    return get_model("mockllm/model", custom_outputs=outputs)


def evaluate(name: str, task: Task, folder: Path, **options: Any) -> None:
    [log] = eval(task, log_dir=(folder / name).as_posix(), display="none", **options)
    assert log.location.endswith(".eval"), log.error


def main(folder: Path) -> None:
    repeated = cooperation(
        mechanism="repetition(rounds=3)", opponent=["tit_for_tat", "always_defect", "model"], matches=1
    )
    evaluate(
        "cooperating", repeated, folder, model="mockllm/model", model_args={"custom_outputs": cooperates},
        epochs=2, temperature=0.7,
    )  # fmt: skip
    once = cooperation(mechanism="none", opponent="always_defect", matches=4, re_asks=1)
    evaluate("failing", once, folder, model=mock(failing()), max_samples=1, fail_on_error=False)
    path = folder / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    roles = {"kind": mock(filled("cooperate", approves=True)), "unkind": mock(filled("defect", approves=False))}
    evaluate("planned", match(path.as_posix()), folder, model="none/none", model_roles=roles)


if __name__ == "__main__":
    sys.addaudithook(refuse_network)
    main(Path(sys.argv[1]))
