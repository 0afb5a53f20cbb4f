"""An exchange in words: its rules, what an agent is told to aim at, and what it sees, section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from comity.core.decision import Decision
from comity.games.exchange.game import Automated, Instruction, Log, Rules
from comity.games.exchange.state import EVERYBODY, Message, Request, Result
from comity.games.exchange.turns import Action
from comity.games.exchange.views import Digest, Sight
from comity.words.phrases import indented, number, quoted
from comity.words.printable import printable_line
from comity.words.wording import Frame, Question, Renderer

AIMS = ("neutral", "policy", "competitive", "saboteur")
"""What the wordings have an instruction for; any other is shown as it is written."""


def rules(rule: Rules, frame: Frame) -> Iterator[str]:
    yield from frame.tell(
        "exchange.rules",
        agents=rule.agents,
        pieces=rule.pieces,
        copies=rule.copies,
        tasks=rule.open_tasks,
        needs=rule.per_task,
        pay=frame.points(rule.pay),
        rounds=rule.rounds,
    )
    yield from frame.tell(f"exchange.{rule.schedule}")
    if rule.delay == "next_round":
        yield from frame.tell("exchange.later")
    yield from frame.tell("exchange.unsolicited" if rule.unsolicited else "exchange.solicited")
    if rule.falsifiable:
        yield from frame.tell("exchange.codes")
    if rule.bonus.each:
        key = "exchange.bonus_asked" if rule.bonus.asked else "exchange.bonus_any"
        yield from frame.tell(key, pay=frame.points(rule.bonus.each))
        if not rule.bonus.counted:
            yield from frame.tell("exchange.bonus_private")


def instruction(fact: Instruction, frame: Frame) -> Iterator[str]:
    if fact.aim in AIMS:
        yield from frame.tell(f"exchange.aim_{fact.aim}")
    else:
        yield from map(printable_line, fact.aim.split("\n"))


def automated(fact: Automated, frame: Frame) -> Iterator[str]:
    for side in fact.sides:
        yield from frame.tell(f"exchange.auto_{side}")


def sight(fact: Sight, frame: Frame) -> Iterator[str]:
    """What an agent sees. What is hidden from it has no line."""
    yield from _own(fact, frame)
    yield from _requests(fact, frame)
    yield from _headed("messages", [_message(message, frame) for message in fact.messages], frame)
    yield from _headed("results", [_result(result, frame) for result in fact.results], frame)
    yield from _memory(fact, frame)
    yield from _public(fact, frame)


def _own(fact: Sight, frame: Frame) -> Iterator[str]:
    tasks = [frame.say("exchange.task", task=task.number, pieces=_numbers(task.pieces)) for task in fact.tasks]
    yield from _headed("tasks", tasks, frame)
    if fact.codes is None:
        held = _numbers(fact.pieces)
    else:
        pairs = zip(fact.pieces, fact.codes, strict=True)
        held = ", ".join(frame.say("exchange.code", piece=piece, code=code) for piece, code in pairs)
    yield from frame.tell("exchange.held", pieces=held or frame.say("exchange.nothing"))
    others = [
        frame.say("exchange.holds", who=_who(agent, frame), pieces=_numbers(pieces) or frame.say("exchange.nothing"))
        for agent, pieces in enumerate(fact.directory, start=1)
        if agent != fact.agent
    ]
    yield from _headed("directory", others, frame)


def _requests(fact: Sight | Digest, frame: Frame) -> Iterator[str]:
    owed = fact.requests if isinstance(fact, Sight) else fact.owed
    if owed:
        known = dict(zip((request.piece for request in owed), fact.codes or (), strict=False))
        codes = known if isinstance(fact, Digest) else {}
        lines = _by_agent("exchange.request", owed, lambda request: request.by, frame, codes)
        yield from _headed("requests", lines, frame)
    else:
        yield from frame.tell("exchange.no_requests")
    if isinstance(fact, Sight):
        yield from _headed("asked", _by_agent("exchange.asks", fact.asked, lambda request: request.to, frame), frame)


def _memory(fact: Sight, frame: Frame) -> Iterator[str]:
    if fact.did is not None:
        lines = [
            frame.say("exchange.did_round", round=round, actions="; ".join(_result(one, frame) for one in results))
            for round, results in fact.did
        ]
        yield from _headed("did", lines, frame)
    if fact.receipts:
        told = (
            frame.say("exchange.receipt", piece=sent.piece, who=_who(sent.by, frame), round=sent.round)
            for sent in fact.receipts
        )
        yield from frame.tell("exchange.receipts", receipts="; ".join(told))


def _public(fact: Sight, frame: Frame) -> Iterator[str]:
    if fact.scores is not None:
        told = (
            frame.say("exchange.score", who=_who(agent, frame), points=frame.points(score))
            for agent, score in enumerate(fact.scores, start=1)
        )
        yield from frame.tell("exchange.scores", scores=", ".join(told))
    if fact.ranks is not None:
        places = sorted(enumerate(fact.ranks, start=1), key=lambda pair: pair[1])
        ranks = (frame.say("exchange.rank", place=place, who=_who(agent, frame)) for agent, place in places)
        yield from frame.tell("exchange.ranks", ranks=", ".join(ranks))
    if fact.completions:
        done = (
            frame.say("exchange.completion", who=_who(agent, frame), round=round) for agent, round in fact.completions
        )
        yield from frame.tell("exchange.completions", completions="; ".join(done))
    if fact.exchanges:
        sent = (
            frame.say("exchange.exchange", who=_who(by, frame), whom=_who(to, frame), round=round)
            for by, to, round in fact.exchanges
        )
        yield from frame.tell("exchange.exchanges", exchanges="; ".join(sent))


def digest(fact: Digest, frame: Frame) -> Iterator[str]:
    """What matters, worked out."""
    complete = ", ".join(map(str, fact.complete)) or frame.say("exchange.nothing")
    yield from frame.tell("exchange.complete", tasks=complete)
    lines = [
        frame.say(
            "exchange.lack_asked" if asked else "exchange.lack",
            piece=piece,
            holders=_names(holders, frame),
            **({"asked": _names(asked, frame)} if asked else {}),
        )
        for piece, holders, asked in fact.needed
    ]
    yield from _headed("lacking", lines, frame)
    yield from _requests(fact, frame)


def _headed(key: str, lines: Sequence[str], frame: Frame) -> Iterator[str]:
    if lines:
        yield from frame.tell(f"exchange.{key}")
        yield from indented(lines)


def _by_agent(
    key: str,
    requests: Iterable[Request],
    of: Callable[[Request], int],
    frame: Frame,
    codes: Mapping[int, int] = MappingProxyType({}),
) -> list[str]:
    """One line for each agent with the pieces of its requests, with the codes of those that have one here."""
    pieces: dict[int, list[str]] = {}
    for request in requests:
        shown = str(request.piece)
        if request.piece in codes:
            shown = frame.say("exchange.code", piece=request.piece, code=codes[request.piece])
        pieces.setdefault(of(request), []).append(shown)
    return [frame.say(key, who=_who(agent, frame), pieces=", ".join(found)) for agent, found in pieces.items()]


def _message(message: Message, frame: Frame) -> str:
    whom = frame.say("exchange.all") if message.to == EVERYBODY else _who(message.to, frame)
    who, text = _who(message.by, frame), quoted(message.text)
    return frame.say("exchange.said", round=message.round, who=who, whom=whom, text=text)


def _result(result: Result, frame: Frame) -> str:
    action = _action(result.action, frame)
    if result.refused is None:
        return frame.say("exchange.done", action=action)
    return frame.say("exchange.refused", action=action, reason=frame.say(f"exchange.{result.refused}"))


def _action(action: Action, frame: Frame) -> str:
    match action:
        case ("request", piece, to):
            whom = frame.say("exchange.all") if to == EVERYBODY else _who(to, frame)
            return frame.say("exchange.did_request", who=whom, piece=piece)
        case ("share", pieces, to, *_):
            return frame.say("exchange.did_share", who=_who(to, frame), pieces=_numbers(pieces))
        case ("submit", task):
            return frame.say("exchange.did_submit", task=task)
        case ("message", to, text):
            return frame.say("exchange.did_message", who=_who(to, frame), text=quoted(text))
        case _:
            return frame.say("exchange.did_broadcast", text=quoted(action[1]))


def _who(agent: int, frame: Frame) -> str:
    """An agent by its number, which is what an answer calls it; a number that nobody has stays one."""
    return frame.name(agent - 1) if agent > 0 else number(agent)


def _names(agents: Iterable[int], frame: Frame) -> str:
    return frame.wording.listed([_who(agent, frame) for agent in agents])


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def log(fact: Log, frame: Frame) -> Iterator[str]:
    """Nothing: what happened is for measures, and every agent saw its part."""
    return iter(())


EXCHANGE: dict[type, Renderer] = {
    Rules: rules,
    Instruction: instruction,
    Automated: automated,
    Sight: sight,
    Digest: digest,
    Log: log,
}
"""The rules of an exchange, and what is seen while it runs."""

RULES: frozenset[type] = frozenset({Rules, Instruction, Automated})
"""Those of them that say a rule."""


def _asking(key: str) -> Question:
    def question(decision: Decision[object], frame: Frame) -> str:
        seen = decision.sees[-1]
        rule = decision.fact(Rules)
        if isinstance(seen, Sight | Digest) and rule is not None:
            now = frame.say("exchange.now", round=seen.round, rounds=rule.rounds)
            return f"{now} {frame.say(key)}"
        return frame.say(key)

    return question


QUESTIONS: dict[str, Question] = {
    phase: _asking(f"exchange.ask_{phase}") for phase in ("request", "share", "submit", "turn")
}
"""What is asked in each phase, and in a whole turn."""
