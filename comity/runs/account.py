"""What the models of a run were asked and what it took, by agent and mechanism: the columns of an estimate, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from comity.llm.request import Completion, Request
from comity.runs.sharing import Reader, Shared


class Call(NamedTuple):
    """One call that has an answer: who was asked under which mechanism, the text it was asked, and what came back.

    again: whether the agent was asked again because its answer before could not be read.
    """

    agent: str
    mechanism: str
    prompt: str
    completion: Completion
    again: bool = False


@dataclass(frozen=True)
class Account:
    """Calls, added up.

    agent, mechanism: what they have in common; "" where they differ. input, cached, output, reasoning: tokens, see
    `comity.llm.request.Usage`. unknown: calls whose tokens the provider did not say, so that a bound was counted.
    cost: in US dollars, of the calls with a price; unpriced: those without. shared: what was asked before by the same
    agent, in the order of the calls. again: calls that asked again. served: the models that answered, by the providers'
    own names.
    """

    agent: str
    mechanism: str
    calls: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    unknown: int = 0
    cost: float = 0.0
    unpriced: int = 0
    shared: Shared = field(default=Shared())
    again: int = 0
    served: frozenset[str] = frozenset()

    def and_also(self, other: Account) -> Account:
        """Both together."""
        return Account(
            self.agent if self.agent == other.agent else "",
            self.mechanism if self.mechanism == other.mechanism else "",
            self.calls + other.calls,
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.reasoning + other.reasoning,
            self.unknown + other.unknown,
            self.cost + other.cost,
            self.unpriced + other.unpriced,
            self.shared + other.shared,
            self.again + other.again,
            self.served | other.served,
        )


def text_of(request: Request) -> str:
    """What a request says, in the order in which it is said."""
    return "\n".join((*(message.text for message in request.messages), request.schema or ""))


def account_of(calls: Iterable[Call]) -> tuple[Account, ...]:
    """One account for each agent and mechanism, in the order in which they first appear."""
    found: dict[tuple[str, str], Account] = {}
    readers: dict[str, Reader] = defaultdict(Reader)
    for call in calls:
        place = call.agent, call.mechanism
        one = _of(call, readers[call.agent].read(call.prompt))
        found[place] = found[place].and_also(one) if place in found else one
    return tuple(found.values())


def summed(accounts: Iterable[Account]) -> Account:
    """All of them together; an account of nothing where there are none."""
    first, *others = tuple(accounts) or (Account("", ""),)
    for other in others:
        first = first.and_also(other)
    return first


def by_agent(accounts: Iterable[Account]) -> tuple[Account, ...]:
    """One account for each agent."""
    return _grouped((account.agent, account) for account in accounts)


def by_mechanism(accounts: Iterable[Account]) -> tuple[Account, ...]:
    """One account for each mechanism."""
    return _grouped((account.mechanism, account) for account in accounts)


def _grouped(pairs: Iterable[tuple[str, Account]]) -> tuple[Account, ...]:
    groups: dict[str, list[Account]] = defaultdict(list)
    for name, account in pairs:
        groups[name].append(account)
    return tuple(map(summed, groups.values()))


def _of(call: Call, shared: Shared) -> Account:
    completion, usage = call.completion, call.completion.usage
    return replace(
        Account(call.agent, call.mechanism, 1, usage.input, usage.cached, usage.output, usage.reasoning),
        unknown=int(not usage.known),
        cost=completion.cost or 0.0,
        unpriced=int(completion.cost is None),
        again=int(call.again),
        served=frozenset({completion.served} - {""}),
        shared=shared,
    )
