"""The corpus of replies in `tests/words/corpus`: what models write, and what must be read from it.

A file holds groups of texts that are answers to the same decision in the same form, and of which the same must be read:
a `choice`, a lottery in `percents`, or the `cause` for which they are no answer. `cut` texts are read at every length
short of their own. `repeated` pieces make texts of 200 kB.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comity.core.decision import Decision
from comity.core.match import Reply
from comity.core.space import YES_NO, Each, Integer, Lottery, OneOf, Ordering, Text, from_json
from comity.games.exchange.turns import KINDS, Turn
from comity.words.forms import Form
from comity.words.reading import Finish, Unread, read_answer
from comity.words.wordings import PLAIN

FOLDER = Path(__file__).parent / "corpus"
LONG = 200_000

ACTIONS = OneOf(("cooperate", "defect"))
DECISIONS: dict[str, Decision[Any]] = {
    "dilemma": Decision(0, "act", ACTIONS),
    "mediated": Decision(0, "act", OneOf(("cooperate", "defect", "delegate"))),
    "claims": Decision(0, "act", OneOf(("2", "3", "4"))),
    "cases": Decision(0, "act", OneOf(("go", "GO"))),
    "kin": Decision(0, "act", OneOf(("kin", "sit"))),
    "trust": Decision(0, "act", OneOf(("Invest", "Keep"))),
    "letters": Decision(0, "act", OneOf(("A", "B"))),
    "number": Decision(0, "act", Integer(0, 10)),
    "sign": Decision(0, "sign", YES_NO),
    "contract": Decision(0, "propose", Each(("cooperate", "defect"), (Integer(-3, 3),) * 2)),
    "free contract": Decision(0, "propose", Each(("cooperate", "defect"), (Integer(),) * 2)),
    "approvals": Decision(0, "approve", Each(("player 1", "player 2", "player 3"), (YES_NO,) * 3)),
    "mediator": Decision(0, "propose", Each(("1 delegating", "2 delegating"), (ACTIONS,) * 2)),
    "order": Decision(0, "act", Ordering(3)),
    "speak": Decision(0, "speak", Text(40)),
    "turn": Decision(0, "turn", Turn(KINDS, most=5, longest=40)),
    "codes": Decision(0, "share", Turn(("share", "message"), codes=True)),
    "hand in": Decision(0, "submit", Turn(("submit",))),
    "messages": Decision(0, "speak", OneOf(("I will cooperate.", "I will defect."))),
}
FORMS = {
    "reasons": Form(),
    "plain": Form(reasoning=False),
    "schema": Form(structured=True),
    "bare schema": Form(reasoning=False, structured=True),
    "lottery": Form("lottery"),
    "bare lottery": Form("lottery", reasoning=False),
    "token": Form("token", reasoning=False),
}


@dataclass(frozen=True)
class Case:
    """One reply: what it answers, in which form, how it ended, and what must be read from it.

    cause: why it is no answer; None where `read` is what it says.
    """

    id: str
    text: str
    decision: Decision[Any]
    form: Form
    cause: str | None
    read: Reply = None
    finish: Finish = "stop"
    alternatives: tuple[tuple[str, float], ...] = ()


def cases() -> Iterator[Case]:
    """The whole corpus, in the order of its files."""
    for path in sorted(FOLDER.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        for group in content.get("group", ()):
            for place, text in enumerate(group["texts"], start=1):
                yield _case(f"{path.stem}: {group['id']}, {place}", text, group)
        for cut in content.get("cut", ()):
            yield from _cut(f"{path.stem}: {cut['id']} cut", cut)
        for repeated in content.get("repeated", ()):
            group = {"decision": "dilemma", "form": "reasons", **repeated}
            yield _case(f"{path.stem}: {repeated['id']}", _long(repeated), group)


def _case(name: str, text: str, group: dict[str, Any], **given: Any) -> Case:
    decision = DECISIONS[group["decision"]]
    content = {"cause": group.get("cause"), "finish": group.get("finish", "stop"), **given}
    alternatives = tuple((token, logarithm) for token, logarithm in group.get("alternatives", ()))
    read = _lottery(decision, group["percents"]) if "percents" in group else from_json(group.get("choice"))
    assert (content["cause"] is None) == ("percents" in group or "choice" in group), name
    return Case(name, text, decision, FORMS[group["form"]], read=read, alternatives=alternatives, **content)


def _lottery(decision: Decision[Any], percents: list[int]) -> Lottery[Any]:
    return Lottery(tuple(decision.options), tuple(percent / 100 for percent in percents))


def _cut(name: str, cut: dict[str, Any]) -> Iterator[Case]:
    text = cut["text"]
    for place in range(1, len(text)):
        yield _case(f"{name} at {place}", text[:place], cut, cause="truncated", finish="length")
        part = text[:place]
        opened = "<think>" in part and "</think>" not in part
        yield _case(f"{name} unsaid at {place}", part, cut, cause="truncated" if opened else "malformed")


def _long(repeated: dict[str, Any]) -> str:
    before, piece, after = repeated.get("before", ""), repeated["piece"], repeated.get("after", "")
    closing, end = repeated.get("closing", ""), repeated.get("end", "")
    times = LONG // (len(piece) + len(closing))
    return f"{before}{piece * times}{after}{closing * times}{end}"


def reading(case: Case) -> tuple[Reply, Unread | None]:
    """What is read from the reply, or why it is no answer."""
    try:
        read = read_answer(
            case.text, case.decision, PLAIN, case.form, finish=case.finish, alternatives=case.alternatives
        )
    except Unread as unread:
        return None, unread
    return read, None


def is_as_labelled(case: Case) -> bool:
    """Whether the reply is read as it should be."""
    read, unread = reading(case)
    return (unread and unread.cause, repr(read)) == (case.cause, repr(case.read))
