"""The verdicts on agents held against people, what they rest on, and what they license."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from comity.fidelity.kept import Fidelity
from comity.fidelity.parity import Item
from comity.fidelity.verdict import LICENCES, MARKS, Judged
from comity.report.contents import Head, Items, Part, Prose, Words
from comity.report.text import NOTHING, number, prose
from comity.words.phrases import sentence

NOTHING_ELSE = "Nothing: a level that did not pass licenses no claim."
STAND_IN = "stand-in for people"
WORDS = (
    "PASS: certainly no farther from people than the margin, and certainly nearer than every cheap rule that can be "
    "told from people. FAIL: certainly beyond the margin, or certainly worse than a cheap rule. INCONCLUSIVE: neither. "
    "NOT ASSESSABLE: the data do not hold what it takes. The margin is the 95th percentile of how far halves of people "
    "are from each other, or the smallest effect of interest where that is larger. Cheap rules, such as a "
    "coin, are told under Every statistic."
)
LICENSED = (
    "A PASS licenses a claim about that level alone, in these conditions, under this protocol and for these people. It "
    "does not say that an agent reasons as people do, that another wording, game or population would give the same, or "
    "that a level that was not asked about would pass. A PASS at the aggregate says nothing of individuals: a crowd of "
    "coins has a mean too. A stand-in for people must pass every level, and under every perturbation of an audit."
)


def verdicts(kept: Fidelity) -> Iterator[Part]:
    """The words, what they rest on, and what may not be said."""
    said = kept.verdicts
    yield Head("Verdicts")
    signs = ", ".join(f"{sign} {word}" for word, sign in MARKS.items())
    yield Prose((f"Side by side: {said.pattern} ({signs}).",))
    limits = (*(f"IN-SAMPLE: {why}." for why in said.in_sample), *map(_whole, (*said.unsaid, *kept.notes)))
    yield _levels(kept)
    if limits:
        yield Items(tuple(limits))
    yield Prose((WORDS, LICENSED))
    yield _resting(kept)


def _whole(text: str) -> str:
    return f"{sentence(prose(text))}."


def _levels(kept: Fidelity) -> Words:
    rows: list[tuple[str, ...]] = [
        (
            each.level,
            f"{MARKS[each.verdict.word]} {each.verdict.word}",
            _why(each.verdict.reasons),
            f"A claim about {LICENCES[each.level]}." if each.verdict.word == "PASS" else NOTHING_ELSE,
        )
        for each in kept.verdicts.levels
    ]
    all_ = kept.verdicts.surrogate
    licence = "To stand in for people under this protocol." if all_.word == "PASS" else NOTHING_ELSE
    rows.append((STAND_IN, f"{MARKS[all_.word]} {all_.word}", _why(all_.reasons), licence))
    return Words("Verdict on each level", "", ("Level", "Verdict", "Why", "What it licenses"), tuple(rows))


def _resting(kept: Fidelity) -> Words:
    titles = {found.key: found.title for found in kept.comparison.findings}
    rows = tuple(
        (f"{each.key}{'*' * each.primary}: {titles.get(each.key, '')}", prose(each.condition), *_told(each))
        for level in kept.verdicts.levels
        for each in (*level.rests, *level.parts)
    )
    note = (
        "An asterisk marks primary statistics. p: of failing, by the smallest of the ways to fail, corrected for all "
        "that can sink a level (Holm) where a level rests on it."
    )
    return Words("Verdict on what levels rest on", note, ("Statistic", "In", "Verdict", "p", "Why"), rows)


def _told(judged: Judged) -> tuple[str, str, str]:
    return judged.verdict.word, number(judged.p), _why(judged.verdict.reasons)


def _why(reasons: Sequence[str]) -> str:
    return sentence("; ".join(map(prose, reasons)))


def audited(kept: Fidelity) -> Iterator[Part]:
    """What perturbations change; nothing where no audit was made."""
    audit = kept.audit
    if audit is None:
        return
    yield Head("Under perturbation")
    rows = tuple((level, *(words[name] for name in audit.perturbations)) for level, words in audit.levels.items())
    yield Words("Verdicts under each perturbation", "", ("Level", *audit.perturbations), rows)
    primary = {(found.key, found.condition) for found in kept.comparison.findings if found.primary}
    shaken = tuple(
        (
            each.key,
            prose(each.condition),
            f"{number(each.value.value)} [{number(each.value.low)}, {number(each.value.high)}]",
            number(each.spread),
            "yes" if each.turns else "no",
        )
        for each in audit.statistics
        if (each.key, each.condition) in primary
    )
    note = "Beside the interval of one wording stands the standard deviation between perturbations, which it lacks."
    columns = ("Statistic", "In", "Value", "Between perturbations", "Verdict turns")
    yield Words("Primary statistics under perturbation", note, columns, shaken)


def parity(kept: Fidelity) -> Words:
    """The checklist; what is the same in all conditions stands there once."""
    items: dict[Item, list[str]] = {}
    for condition, listed in kept.parity.items():
        for item in listed:
            items.setdefault(item, []).append(prose(condition))
    rows = tuple(
        (
            sentence(item.name),
            item.people,
            item.candidate,
            item.agreement,
            "all" if len(where) == len(kept.parity) else ", ".join(where),
        )
        for item, where in items.items()
    )
    note = "What neither a run nor a card says is unknown, and unknown is never taken for the same."
    return Words("Protocol parity", note, ("What", "People", "Candidate", "Agreement", "Conditions"), rows)


def compared(kept: Fidelity) -> Words:
    """How much there is of either side in each condition."""
    rows = tuple(
        (
            prose(each.condition),
            who,
            *(f"{count:,}" for count in (side.agents, side.sessions, side.rounds, side.choices)),
            f"{side.invalid:,}" if side.invalid or each.after_c else NOTHING,
        )
        for each in kept.comparison.pictured
        for who, side in (("people", each.people), ("candidate", each.candidate))
    )
    note = (
        "Rounds: the most that were played without a break. Left out: what nobody chose, such as answers that are "
        f"missing and actions that a program put in; {NOTHING} where only aggregates are compared, and it is not known."
    )
    return Words("Who was compared", note, ("In", "Who", "Agents", "Sessions", "Rounds", "Choices", "Left out"), rows)
