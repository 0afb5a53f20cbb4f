"""One recorded match as a sample of Inspect: what each seat was asked and answered, and what came of it.

What a model was asked and answered stands as it was kept. A script was asked nothing in words: its questions are put
into words here, by replay, and its choices are the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from inspect_ai.event import Event, InfoEvent, ModelEvent, SpanBeginEvent, SpanEndEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
    StopReason,
)

from comity.core.decision import NATURE, Decision
from comity.core.match import replaying
from comity.core.space import Lottery, may_be_missing, to_json
from comity.inspect.measures import MEASURES, STORE, Measures, identifier, kept, metadata_of, role_of, score_of, told
from comity.llm.inspecting import chat, generate_config
from comity.llm.request import Completion, Message, Usage
from comity.records.calls import Call
from comity.records.record import Record
from comity.words.forms import Form, prompt
from comity.words.transcript import describe_choice
from comity.words.wordings import PLAIN

_STOPS: Mapping[str, StopReason] = {"stop": "stop", "length": "max_tokens", "filter": "content_filter"}
_IN_WORDS = Form(reasoning=False)


@dataclass(frozen=True)
class Exported:
    """A match on its way to a sample.

    measures: what it measures. calls: what models were asked at each (step, slot), in the order of the asks.
    models: what Inspect is to call the model behind each label. seed, players: of the run, and in its largest match.
    began: when nothing says better.
    """

    record: Record
    measures: Measures
    calls: Mapping[tuple[int, int], Sequence[Call]]
    models: Mapping[str, str]
    seed: int
    players: int
    began: datetime

    def sample(self) -> EvalSample:
        """The sample."""
        events = list(self._events())
        talks = [event for event in events if isinstance(event, ModelEvent)]
        first = next((event.role for event in talks), None)
        held = kept(self.record, self.seed, self.measures)
        return EvalSample(
            id=identifier(self.record.match),
            epoch=1,
            input=told(self.record.match),
            target="",
            messages=list(_conversation(event for event in talks if event.role == first)),
            output=talks[-1].output if talks else ModelOutput(),
            scores={measure: score_of(held, measure, self.players) for measure in MEASURES},
            metadata={**metadata_of(self.record.match), "status": self.record.status},
            store={STORE: held},
            events=events,
            model_usage=used(talks, "model"),
            role_usage=used(talks, "role"),
            uuid=self._name("sample"),
        )

    def _name(self, *parts: object) -> str:
        return "-".join(map(str, (self.record.match.index, *parts)))

    def _events(self) -> Iterator[Event]:
        """Step by step who was asked what; of a match that was not played there is nothing to tell."""
        if self.record.status in ("payoffs_only", "expected"):
            return
        steps = [*self.record.choices]
        for step, match in enumerate(replaying(self.record.match.cell.built, steps)):
            answers = steps[step] if step < len(steps) else None
            for slot, decision in enumerate(match.pending):
                is_missing = answers is not None and answers[slot] is None and may_be_missing(decision.options)
                choice = None if answers is None or is_missing else (answers[slot],)
                yield from self._decided(step, slot, decision, choice)
        for miss in self.record.misses:
            yield self._info("missing", vars(miss), "missing", miss.step, miss.slot)
        if self.record.failure:
            yield self._info("failure", vars(self.record.failure), "failure")

    def _decided(self, step: int, slot: int, decision: Decision[Any], choice: tuple[Any] | None) -> Iterator[Event]:
        """What happened at one decision; choice is None where the match ended before one was made."""
        if decision.player == NATURE:
            if choice is not None:
                drawn = {"kind": decision.kind, "drawn": to_json(choice[0])}
                yield self._info("chance", drawn, step, slot)
            return
        calls = self.calls.get((step, slot), ())
        if not calls and choice is None:
            return
        span, role = self._name("span", step, slot), role_of(self.record.match, decision.player)
        events = [self._called(call, role, span) for call in calls]
        if choice is not None:
            events = events or [self._in_words(decision, choice[0], role, span)]
            events[-1].metadata = {**self._chosen(step, slot, choice[0]), "asked": bool(calls)}
        begins, ends = events[0].timestamp, events[-1].completed or events[-1].timestamp
        common: dict[str, Any] = {"working_start": 0.0}
        yield SpanBeginEvent(
            id=span, uuid=f"{span}-begin", span_id=span, type="seat", name=role, timestamp=begins, **common
        )
        yield from events
        yield SpanEndEvent(id=span, uuid=f"{span}-end", span_id=span, timestamp=ends, **common)

    def _info(self, source: str, data: dict[str, Any], *place: object) -> InfoEvent:
        return InfoEvent(
            source=source,
            data=data,
            uuid=self._name(source, *place),
            timestamp=self.began,
            working_start=0.0,
        )

    def _chosen(self, step: int, slot: int, choice: Any) -> dict[str, Any]:
        """What was played, and the lottery it was drawn from if there was one."""
        lottery: Lottery[Any] | None = self.record.lotteries.get((step, slot))
        stated = {} if lottery is None else {"lottery": [[to_json(option), p] for option, p in lottery.chances()]}
        return {"step": step, "slot": slot, "choice": to_json(choice), **stated}

    def _called(self, call: Call, role: str, span: str) -> ModelEvent:
        completion = call.completion
        answered = datetime.fromtimestamp(completion.at, UTC) if completion.at else self.began
        name = f"{span}-{call.draw.ask}"
        return ModelEvent(
            model=self.models[call.draw.who],
            role=role,
            input=_named(chat(call.request.messages), name),
            tools=[],
            tool_choice="none",
            config=generate_config(call.request),
            output=_output(completion, self.models[call.draw.who], name),
            retries=completion.attempts - 1,
            uuid=name,
            span_id=span,
            timestamp=answered - timedelta(seconds=completion.seconds),
            completed=answered,
            working_start=0.0,
            working_time=completion.seconds,
        )

    def _in_words(self, decision: Decision[Any], choice: Any, role: str, span: str) -> ModelEvent:
        """A question that nobody was sent here, as a model would have been asked it, and the choice as its answer."""
        model = self.models[self.record.match.agents[decision.player]]
        messages = chat(_question(decision))
        said = describe_choice(decision, choice)
        answer = ChatMessageAssistant(content=said, id=f"{span}-answer", model=model)
        return ModelEvent(
            model=model,
            role=role,
            input=_named(messages, span),
            tools=[],
            tool_choice="none",
            config=GenerateConfig(),
            output=ModelOutput(model=model, choices=[ChatCompletionChoice(message=answer, stop_reason="stop")]),
            uuid=f"{span}-0",
            span_id=span,
            timestamp=self.began,
            completed=self.began,
            working_start=0.0,
            working_time=0.0,
        )


@lru_cache(maxsize=10_000)
def _question(decision: Decision[Any]) -> tuple[Message, ...]:
    """The question in words; in matches of scripts it comes again and again."""
    asked = prompt(decision, PLAIN, _IN_WORDS)
    return Message("system", asked.system), Message("user", asked.user)


def _named(messages: Sequence[ChatMessage], name: str) -> list[ChatMessage]:
    """Each message with an identifier of its own, so that no reader takes equal ones for one."""
    return [message.model_copy(update={"id": f"{name}-{place}"}) for place, message in enumerate(messages)]


def _output(completion: Completion, model: str, name: str) -> ModelOutput:
    reasoning = [ContentReasoning(reasoning=completion.reasoning)] if completion.reasoning else []
    content: Any = [*reasoning, ContentText(text=completion.text)] if reasoning else completion.text
    message = ChatMessageAssistant(content=content, id=f"{name}-answer", model=completion.served or model)
    return ModelOutput(
        model=completion.served or model,
        choices=[ChatCompletionChoice(message=message, stop_reason=_STOPS.get(completion.finish, "unknown"))],
        usage=_usage(completion.usage, completion.cost),
        time=completion.seconds,
        response_id=completion.identifier or None,
    )


def _usage(usage: Usage, cost: float | None) -> ModelUsage:
    return ModelUsage(
        input_tokens=usage.input - usage.cached,
        input_tokens_cache_read=usage.cached,
        output_tokens=usage.output,
        reasoning_tokens=usage.reasoning,
        total_tokens=usage.input + usage.output,
        total_cost=cost,
    )


def _conversation(talks: Iterable[ModelEvent]) -> Iterator[ChatMessage]:
    for event in talks:
        yield from event.input
        yield event.output.message


def used(talks: Iterable[ModelEvent], by: str) -> dict[str, ModelUsage]:
    """The tokens of these calls by "model" or by "role"."""
    return total((getattr(event, by), event.output.usage) for event in talks if event.output.usage)


def total(usages: Iterable[tuple[str, ModelUsage]]) -> dict[str, ModelUsage]:
    """The tokens under each name, added up."""
    found: dict[str, ModelUsage] = {}
    for name, usage in usages:
        found[name] = found[name] + usage if name in found else usage
    return found
