"""What a plan would leave open: things that a design makes impossible to tell apart, or tells players wrongly.

Nothing here is an error, and a plan may mean it so. Each warning is one sentence that says what cannot be concluded,
and what would help.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from comity.core.named import Named, layers, named_game
from comity.games.exchange.game import Exchange
from comity.mechanisms.presentation import LETTERS
from comity.records.levels import PRESENTATION, RANDOM, in_full, is_drawn
from comity.records.spec import Cell, Spec
from comity.runs.design import Plan
from comity.runs.factors import Factor
from comity.runs.fields import MODEL
from comity.runs.wordings import wording_called
from comity.words.phrases import listed, some

About: TypeAlias = Literal["labels", "order", "horizon", "belief", "replicates", "factors"]
Meaning: TypeAlias = Literal["cooperative", "defective"]

CUT_SHORT = 0.01
"""A continuation is told wrongly where more matches than this share are ended by their longest length."""
_COUNTED = ("repetition", "reputation", "reputation_first_order")
"""The mechanisms that play a fixed number of rounds, whatever they tell."""
_ERRING = ("noisy", "random")
"""Agents that sometimes do something else than their rule, or have none."""
_ONCE = "defect_once"


@dataclass(frozen=True)
class Warned:
    """What a warning is about, and the warning itself, one sentence."""

    about: About
    sentence: str


def lint(plan: Plan) -> tuple[Warned, ...]:
    """Everything that is worth a warning."""
    found: tuple[tuple[About, Iterator[str]], ...] = (
        ("labels", _labels(plan)),
        ("order", _order(plan)),
        ("horizon", _horizons(plan)),
        ("belief", _beliefs(plan)),
        ("replicates", _replicates(plan)),
        ("factors", _factors(plan)),
    )
    return tuple(Warned(about, sentence) for about, sentences in found for sentence in sentences)


def telling(plan: Plan) -> tuple[Warned, ...]:
    """The warnings about labels and the order of options alone: what a model could go by instead of the payoffs."""
    return tuple(warned for warned in lint(plan) if warned.about in ("labels", "order"))


# How options are told


@dataclass(frozen=True)
class _Told:
    """A cell as it is told."""

    cell: Cell

    @cached_property
    def levels(self) -> Mapping[str, Any]:
        """The fields of its presentation; what stands there where it has none."""
        own = next((spec for spec in self.cell.stack if spec.name == PRESENTATION), Spec.of(PRESENTATION))
        return in_full(own)

    @cached_property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """What each seat chooses from; nothing where the game does not say it."""
        *_, innermost = layers(self.cell.built)
        return getattr(innermost, "actions", None) or ()

    @cached_property
    def named(self) -> Named:
        return named_game(self.cell.built)

    def labels(self, words: Mapping[str, str]) -> Mapping[str, str]:
        """What each action is called, unless chance says it."""
        names = list(dict.fromkeys(name for actions in self.actions for name in actions))
        given = self.levels["labels"]
        if isinstance(given, str):
            return {name: words.get(name, name) for name in names}
        return dict(zip(names, given, strict=False))

    def means(self) -> Iterator[tuple[str, Meaning]]:
        """Each action that cooperates, and each that defects."""
        for good, bad in zip(self.named.cooperative, self.named.defective, strict=True):
            yield from ((good, "cooperative"),) if good is not None else ()
            yield from ((bad, "defective"),) if bad is not None else ()

    def is_first(self, order: str) -> set[bool]:
        """Whether the cooperative action can be the first that is named, for any seat. order: the field."""
        level, found = self.levels[order], set[bool]()
        for actions, good in zip(self.actions, self.named.cooperative, strict=False):  # an observer sits in no seat
            if good in actions:
                found |= {good == actions[0]} if level in ("given", RANDOM) else set()
                found |= {good == actions[-1]} if level in ("reversed", RANDOM) else set()
        return found


def _words(plan: Plan) -> dict[str, Mapping[str, str]]:
    """The labels of each wording that somebody is asked in; of the plain one where nobody is yet."""
    texts = dict(plan.wordings)
    names = [spec.parameters.get("wording", "plain") for _, spec in plan.agents if spec.name == MODEL]
    return {name: wording_called(name, texts).labels for name in dict.fromkeys(names or ["plain"])}


def _labels(plan: Plan) -> Iterator[str]:
    told = [_Told(cell) for cell in plan.cells]
    drawn = any(one.levels["labels"] == RANDOM for one in told)
    fixed = [one for one in told if one.levels["labels"] != RANDOM]
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for letter in LETTERS if drawn else ():
        meanings[letter] |= {"cooperative", "defective"}
    for one in fixed:
        for words in _words(plan).values():
            labels = one.labels(words)
            for action, meaning in one.means():
                meanings[labels.get(action, action)].add(meaning)
    yield from _confounded(meanings)
    if fixed and not drawn:
        yield from _same_everywhere(fixed)


def _confounded(meanings: Mapping[str, set[str]]) -> Iterator[str]:
    always = {
        meaning: [repr(label) for label, found in meanings.items() if found == {meaning}]
        for meaning in ("cooperative", "defective")
    }
    told = [
        f"{some(labels)} always {'stand' if len(labels) > 1 else 'stands'} for the {meaning} action"
        for meaning, labels in always.items()
        if labels
    ]
    if told:
        yield (
            f"{listed(told)}, so a taste for a label cannot be told from a taste for what it does; vary "
            f'{PRESENTATION}.labels, or let them be drawn (labels = "{RANDOM}")'
        )


def _same_everywhere(told: Sequence[_Told]) -> Iterator[str]:
    """Labels that a game has in all its cells."""
    by_game: defaultdict[str, set[Any]] = defaultdict(set)
    for one in told:
        by_game[one.cell.game_label].add(one.levels["labels"])
    given = {level for levels in by_game.values() for level in levels if not isinstance(level, str)}
    if given and all(len(levels) == 1 for levels in by_game.values()):
        pairs = [" and ".join(map(repr, level)) for level in sorted(given)]
        yield f"the options are called {some(pairs)} in every episode: there is one pair of labels in the whole plan"


_PLACES = {"options": "in the rules", "question": "where the answer is asked for"}


def _order(plan: Plan) -> Iterator[str]:
    told = [_Told(cell) for cell in plan.cells]
    for field, where in _PLACES.items():
        found = {first for one in told for first in one.is_first(field)}
        if len(found) == 1:
            place = "first" if True in found else "last"
            yield (
                f"the cooperative action is always named {place} {where}, so a taste for a place cannot be told from "
                f'cooperation; vary {PRESENTATION}.{field}, or let it be drawn ({field} = "{RANDOM}")'
            )


# What is told and is not so


def _horizons(plan: Plan) -> Iterator[str]:
    chance, cut = dict[str, None](), dict[str, None]()
    for cell in plan.cells:
        for spec in cell.stack:
            fields = in_full(spec)
            if spec.name in _COUNTED and fields["horizon"] == "chance":
                chance[cell.mechanism_label] = None
            if spec.name == "random_continuation" and fields["chance"] ** (fields["most"] - 1) > CUT_SHORT:
                cut[f"{cell.mechanism_label} ({fields['chance'] ** (fields['most'] - 1):.0%} of matches)"] = None
    if chance:
        yield (
            f"under {some(list(chance), between='; ')} players are told that each round is followed by another with "
            'some probability, and a fixed number of rounds is played; horizon = "announced" or "hidden" says nothing '
            "untrue, random_continuation makes it true"
        )
    if cut:
        yield (
            f"under {some(list(cut), between='; ')} the longest length ends what is told to go on by chance alone; "
            "take a larger most"
        )


def _beliefs(plan: Plan) -> Iterator[str]:
    scripts = [(label, spec) for label, spec in plan.agents if spec.name != MODEL]
    false: defaultdict[tuple[str, tuple[str, ...]], dict[str, None]] = defaultdict(dict)
    for cell in plan.cells:
        errs = any(spec.name == "execution_noise" for spec in cell.stack)
        for spec in cell.stack:
            about = in_full(spec)["about"] if spec.name == "belief" else ""
            wrong = tuple(label for label, agent in scripts if _is_false(about, agent, errs))
            if wrong:
                false[about, wrong][cell.mechanism_label] = None
    for (about, wrong), where in false.items():
        yield (
            f"under {some(list(where), between='; ')} players are told {_TOLD[about]}, and that is not so of "
            f"{some(wrong)}"
        )


_TOLD = {
    "errs": "that the other sometimes errs",
    "defects_once": "that the other will defect once and then cooperate",
}


def _is_false(about: str, agent: Spec, errs: bool) -> bool:
    """Whether what is told of a script is known not to be so."""
    if about == "errs":
        return not errs and agent.name not in _ERRING
    return about == "defects_once" and agent.name != _ONCE


# How much there is to go by


def _replicates(plan: Plan) -> Iterator[str]:
    if len(plan.replicates) > 1:
        return
    worlds = {game.world if isinstance(game, Exchange) else None for *_, game in (layers(c.built) for c in plan.cells)}
    if None not in worlds:  # of exchanges only worlds are drawn anew
        if len(worlds) == 1:
            yield "there is one world: how far a number may be off is hardly known; world = 1 to 10 are a beginning"
        return
    again = plan.matching.repeats
    told = "and each match is played once" if again == 1 else f"and its {again} repeats of a match are no replicates"
    yield f"there is one replicate, {told}: how far a number may be off is hardly known; replicates = 10 is a beginning"


def _factors(plan: Plan) -> Iterator[str]:
    alone = [factor.key for factor in plan.factors if len(factor.levels) == 1 and not _is_drawn(factor)]
    if alone:
        yield f"{_factors_named(alone)} one level only, so what it does cannot be seen"


def _is_drawn(factor: Factor) -> bool:
    return is_drawn(factor.key, str(factor.levels[0]))


def _factors_named(keys: Iterable[str]) -> str:
    names = list(keys)
    return f"the factor {names[0]} has" if len(names) == 1 else f"the factors {listed(names)} have each"
