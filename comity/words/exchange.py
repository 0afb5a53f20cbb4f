"""An exchange in words: its rules, what an agent is told to aim at, and what it sees, section by section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from comity.core.decision import Decision
from comity.games.exchange.conditions import Automated, Framed, Instruction, Rules
from comity.games.exchange.log import Log
from comity.games.exchange.state import EVERYBODY, Message, Request, Result
from comity.games.exchange.turns import Action
from comity.games.exchange.views import Digest, Receipt, Sight
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
    if rule.stale:
        yield from frame.tell("exchange.stale")
    yield from frame.tell("exchange.unsolicited" if rule.unsolicited else "exchange.solicited")
    if rule.falsifiable:
        yield from frame.tell("exchange.codes")
    if rule.bonus.each:
        key = "exchange.bonus_asked" if rule.bonus.asked else "exchange.bonus_any"
        whose = "_you" if rule.bonus.agents else ""  # of a bonus for some nobody else is told
        yield from frame.tell(f"{key}{whose}", pay=frame.points(rule.bonus.each))
        if not rule.bonus.counted:
            yield from frame.tell("exchange.bonus_private")


def instruction(fact: Instruction, frame: Frame) -> Iterator[str]:
    if fact.aim in AIMS:
        yield from frame.tell(f"exchange.aim_{fact.aim}")
    else:
        yield from map(printable_line, fact.aim.split("\n"))


def framed(fact: Framed, frame: Frame) -> Iterator[str]:
    yield from frame.tell(f"exchange.story_{fact.story}")


def automated(fact: Automated, frame: Frame) -> Iterator[str]:
    for side in fact.sides:
        which = "_first" if side == "request" and fact.asks == "first" else ""
        yield from frame.tell(f"exchange.auto_{side}{which}")


def sight(fact: Sight, frame: Frame) -> Iterator[str]:
    """What an agent sees. What is hidden from it has no line, and what is shown has one also where it is empty."""
    yield from _own(fact, frame)
    yield from _requests(fact, frame)
    yield from _headed("messages", [_message(message, frame) for message in fact.messages], frame)
    yield from _headed("results", _results(fact.results, frame, done=True), frame)
    yield from _memory(fact, frame)
    yield from _public(fact, frame)


def _own(fact: Sight, frame: Frame) -> Iterator[str]:
    tasks = [frame.say("exchange.task", task=task.number, pieces=_numbers(task.pieces)) for task in fact.tasks]
    yield from _headed("tasks", tasks, frame)
    if fact.codes is None:
        yield from frame.tell("exchange.held", pieces=_ranges(fact.pieces) or frame.say("exchange.nothing"))
    else:
        pairs = zip(fact.pieces, fact.codes, strict=True)
        held = ", ".join(frame.say("exchange.held_code", piece=piece, code=code) for piece, code in pairs)
        yield from frame.tell("exchange.held_codes", pieces=held or frame.say("exchange.nothing"))
    others = [
        frame.say("exchange.holds", who=_who(agent, frame), pieces=_ranges(pieces) or frame.say("exchange.nothing"))
        for agent, pieces in enumerate(fact.directory, start=1)
        if agent != fact.agent
    ]
    yield from _headed("directory", others, frame)


def _requests(fact: Sight | Digest, frame: Frame) -> Iterator[str]:
    owed = fact.requests if isinstance(fact, Sight) else fact.owed
    if owed:
        known = dict(zip((request.piece for request in owed), fact.codes or (), strict=False))
        yield from _headed("requests", _owed(fact, owed, known if isinstance(fact, Digest) else {}, frame), frame)
    else:
        yield from frame.tell("exchange.no_requests")
    if isinstance(fact, Sight):
        yield from _headed("asked", _asked(fact, frame), frame)


def _owed(fact: Sight | Digest, owed: Sequence[Request], codes: Mapping[int, int], frame: Frame) -> list[str]:
    """One line for each agent with the pieces of its requests, those that are old with the round they are from."""
    pieces: dict[int, list[str]] = {}
    for request in owed:
        shown = str(request.piece)
        if request.piece in codes:
            shown = frame.say("exchange.code", piece=request.piece, code=codes[request.piece])
        if request.round != fact.round:
            shown = frame.say("exchange.since", piece=shown, round=request.round)
        pieces.setdefault(request.by, []).append(shown)
    return [frame.say("exchange.request", who=_who(by, frame), pieces=", ".join(found)) for by, found in pieces.items()]


def _asked(fact: Sight, frame: Frame) -> list[str]:
    """One line for each piece that was asked for in one round, with who was asked."""
    asked: dict[tuple[int, int], list[int]] = {}
    for request in fact.asked:
        asked.setdefault((request.piece, request.round), []).append(request.to)
    lines = []
    for (piece, round), agents in asked.items():
        shown = str(piece) if round == fact.round else frame.say("exchange.since", piece=piece, round=round)
        lines.append(frame.say("exchange.asks", who=_several(agents, frame), pieces=shown))
    return lines


def _memory(fact: Sight, frame: Frame) -> Iterator[str]:
    if fact.did is not None:
        did = [
            frame.say("exchange.in_round", round=round, told="; ".join(_results(results, frame, done=False)))
            for round, results in fact.did
        ]
        yield from _shown("did", did, frame)
    if fact.receipts is not None:
        yield from _shown("receipts", _received(fact.receipts, frame), frame)


def _received(receipts: Iterable[Receipt], frame: Frame) -> list[str]:
    """One line for each round, with what came from whom in the order in which it came."""
    rounds = groupby(receipts, key=lambda receipt: receipt.round)
    return [
        frame.say(
            "exchange.in_round",
            round=round,
            told="; ".join(
                frame.say("exchange.receipt", pieces=_numbers(one.piece for one in came), who=_who(by, frame))
                for by, came in groupby(of_round, key=lambda receipt: receipt.by)
            ),
        )
        for round, of_round in rounds
    ]


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
    if fact.completions is not None:
        yield from _shown("completions", _completed(fact.completions, frame), frame)
    if fact.exchanges is not None:
        sent = [
            frame.say(
                "exchange.exchange", count=len(list(same)), who=_who(by, frame), whom=_who(to, frame), round=round
            )
            for (by, to, round), same in groupby(fact.exchanges)
        ]
        yield from _shown("exchanges", sent, frame)


def _completed(completions: Iterable[tuple[int, int]], frame: Frame) -> list[str]:
    """One line for each agent, with how many tasks it handed in in which rounds."""
    by_agent: dict[int, Counter[int]] = {}
    for agent, round in completions:
        by_agent.setdefault(agent, Counter())[round] += 1
    lines = []
    for agent in sorted(by_agent):
        rounds: dict[int, list[int]] = {}
        for round, count in sorted(by_agent[agent].items()):
            rounds.setdefault(count, []).append(round)
        told = (
            frame.say("exchange.times" if len(of) > 1 else "exchange.time", count=count, rounds=_ranges(of))
            for count, of in rounds.items()
        )
        lines.append(frame.say("exchange.completion", who=_who(agent, frame), told="; ".join(told)))
    return lines


def digest(fact: Digest, frame: Frame) -> Iterator[str]:
    """What matters, worked out."""
    complete = ", ".join(map(str, fact.complete)) or frame.say("exchange.nothing")
    yield from frame.tell("exchange.complete", tasks=complete)
    lines = [
        frame.say(
            "exchange.lack_asked" if asked else "exchange.lack",
            piece=piece,
            holders=_several(holders, frame) if holders else frame.say("words.nobody"),
            **({"asked": _several(asked, frame)} if asked else {}),
        )
        for piece, holders, asked in fact.needed
    ]
    yield from _headed("lacking", lines, frame)
    yield from _requests(fact, frame)


def _headed(key: str, lines: Sequence[str], frame: Frame) -> Iterator[str]:
    """A section that is left out where it is empty."""
    if lines:
        yield from frame.tell(f"exchange.{key}")
        yield from indented(lines)


def _shown(key: str, lines: Sequence[str], frame: Frame) -> Iterator[str]:
    """A section that can be hidden: where it is shown and empty, it says so."""
    return _headed(key, lines or [frame.say("exchange.nothing")], frame)


def _message(message: Message, frame: Frame) -> str:
    whom = frame.say("exchange.all") if message.to == EVERYBODY else _who(message.to, frame)
    who, text = _who(message.by, frame), quoted(message.text)
    return frame.say("exchange.said", round=message.round, who=who, whom=whom, text=text)


def _results(results: Iterable[Result], frame: Frame, *, done: bool) -> list[str]:
    """What was done, in order; neighbours that ask for the same piece, or the same agent, are told at once.

    done: whether it is said of each that it was done, or only of what was not.
    """
    return [_told(actions, refused, frame, done) for actions, refused in _runs(results)]


def _told(actions: Sequence[Action], refused: str | None, frame: Frame, done: bool) -> str:
    action = _asking_for(actions, frame) if len(actions) > 1 else _action(actions[0], frame)
    if refused is not None:
        return frame.say("exchange.refused", action=action, reason=frame.say(f"exchange.{refused}"))
    return frame.say("exchange.done", action=action) if done else action


def _runs(results: Iterable[Result]) -> Iterator[tuple[list[Action], str | None]]:
    """The actions in their order, with those together that can be told at once, and what became of them."""
    run: list[Action] = []
    last: str | None = None
    for action, refused in results:
        if run and refused == last and _joins(run, action):
            run.append(action)
            continue
        if run:
            yield run, last
        run, last = [action], refused
    if run:
        yield run, last


def _joins(run: Sequence[Action], action: Action) -> bool:
    """Whether the action asks the same agent as all of the run, or all of them for the same piece.

    What was asked before is told by itself: how often it was done, and how often refused, would not be clear.
    """
    if action in run or any(one[0] != "request" or one[2] < 1 for one in (*run, action)):
        return False
    return any(len({one[part] for one in (*run, action)}) == 1 for part in (1, 2))


def _asking_for(actions: Sequence[Action], frame: Frame) -> str:
    pieces = dict.fromkeys(piece for _, piece, _ in actions)
    agents = dict.fromkeys(to for *_, to in actions)
    return frame.say("exchange.did_request", who=_several(tuple(agents), frame), pieces=_numbers(pieces))


def _action(action: Action, frame: Frame) -> str:
    match action:
        case ("request", piece, to):
            whom = frame.say("exchange.all") if to == EVERYBODY else _who(to, frame)
            return frame.say("exchange.did_request", who=whom, pieces=piece)
        case ("share", pieces, to):
            return frame.say("exchange.did_share", who=_who(to, frame), pieces=_numbers(pieces))
        case ("share", pieces, to, codes):
            pairs = zip(pieces, codes, strict=True)
            told = ", ".join(frame.say("exchange.held_code", piece=piece, code=code) for piece, code in pairs)
            return frame.say("exchange.did_share", who=_who(to, frame), pieces=told)
        case ("submit", task):
            return frame.say("exchange.did_submit", task=task)
        case ("message", to, text):
            return frame.say("exchange.did_message", who=_who(to, frame), text=quoted(text))
        case _:
            return frame.say("exchange.did_broadcast", text=quoted(action[1]))


def _who(agent: int, frame: Frame) -> str:
    """An agent by its number, which is what an answer calls it; a number that nobody has stays one."""
    if agent < 1:
        return number(agent)
    if frame.wording.players:
        return frame.say("exchange.numbered", name=frame.name(agent - 1), number=agent)
    return frame.name(agent - 1)


def _several(agents: Sequence[int], frame: Frame) -> str:
    """Several agents, by their numbers where nothing else is known of them."""
    if len(agents) == 1 or frame.wording.players or frame.agents or frame.seats or frame.reader in _places(agents):
        return frame.wording.listed([_who(agent, frame) for agent in agents])
    return frame.say("exchange.players", numbers=_ranges(agents))


def _places(agents: Iterable[int]) -> set[int]:
    return {agent - 1 for agent in agents}


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


_RUN = 3
"""So many numbers that follow one another are told as the first and the last."""


def _ranges(numbers: Sequence[int]) -> str:
    """The numbers in their order: "1-4, 7, 9"."""
    runs: list[list[int]] = []
    for each in numbers:
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) >= _RUN else _numbers(run) for run in runs)


def log(fact: Log, frame: Frame) -> Iterator[str]:
    """Nothing: what happened is for measures, and every agent saw its part."""
    return iter(())


EXCHANGE: dict[type, Renderer] = {
    Framed: framed,
    Rules: rules,
    Instruction: instruction,
    Automated: automated,
    Sight: sight,
    Digest: digest,
    Log: log,
}
"""The rules of an exchange, and what is seen while it runs."""

RULES: frozenset[type] = frozenset({Framed, Rules, Instruction, Automated})
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
