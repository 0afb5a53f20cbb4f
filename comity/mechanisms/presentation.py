"""One game told in different ways: what the options are called, what comes first, in which words and for what aim.

A presentation changes nothing of a game but how it is told. Each way in which it may be told is a *factor*, and each
factor has one level in a match: given, or drawn by chance at the start. So the record of a match holds the level of
every factor, and the words need nothing but the decision to tell it. Akata et al. (2025) vary labels, unit and cover
story to see how much of an answer is due to the telling; here every factor may vary, and every level is logged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Literal, TypeAlias

from comity.core.decision import Fact
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Flow, Game, StageGame, draw, told
from comity.core.named import layers
from comity.core.outcome import Outcome
from comity.core.space import OneOf, Ordering
from comity.mechanisms.stacking import label

RANDOM = "random"
"""Instead of a level: chance draws it at the start of each match."""

FACTORS: dict[str, tuple[str, ...]] = {
    "labels": ("own", RANDOM),
    "options": ("given", "reversed"),
    "question": ("given", "reversed"),
    "rules": ("by_own", "by_other"),
    "unit": ("points", "dollars", "coins", "credits", "votes", "tokens"),
    "story": ("none", "cooking", "project"),
    "goal": ("none", "own", "joint", "relative"),
    "numbers": ("figures", "words"),
    "language": ("plain", "german"),
}
"""The factors and the levels of each that come with comity; the first is what a game is told by if nothing is said.

Only of `language` is it another, "": the sentences are then those of each agent's own wording.

Every factor may also be "random". Then one of these levels is drawn; but of `labels` a letter for each action, and of
`rules` an order of the payoff sentences. Labels may be given as a list too, and units, stories, goals and languages may
have other names than these where the wording has them.
"""

LETTERS = tuple("ABCDEFGHJKLMNPQRSTUVWXYZ")
"""What options are called at random: the capital letters but I and O, which are easily read as something else."""

MOST_SENTENCES = 1_000
"""Of more payoff sentences than this no order is drawn."""

Levels: TypeAlias = Literal["given", "reversed", "random"]


@dataclass(frozen=True)
class Presentation:
    """The levels in force, as a rule that all see first.

    labels: what actions are called, (action, label) by (action, label); empty where they have their own names.
    options, question: the order of options in the rules, and where an answer is asked for.
    rules: the order of the payoff sentences; "random" is the one in `order`.
    order: the places, counted from 0, that the payoff sentences have by own action, in the order in which they come.
    actions: what the actions of the game are, where a story is told that names them.

    Raises `BadParameter` for an order of options or sentences that there is not.
    """

    labels: tuple[tuple[str, str], ...] = ()
    options: str = "given"
    question: str = "given"
    rules: str = "by_own"
    unit: str = "points"
    story: str = "none"
    goal: str = "none"
    numbers: str = "figures"
    language: str = ""
    order: tuple[int, ...] = ()
    actions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for factor in ("options", "question", "rules", "numbers"):
            _checked(factor, getattr(self, factor), random=factor == "rules")
        if sorted(self.order) != list(range(len(self.order))) or bool(self.order) != (self.rules == RANDOM):
            raise BadParameter('order must be a permutation of 0, 1, ... where rules is "random", and else empty')


@dataclass(frozen=True)
class Presented:
    """base, told in another way: it is played and paid as it is.

    The fields are those of `presented`, where `sentences` is called `rules`. Raises `BadParameter` for a level there is
    not, and `BadStack` where base has nothing that the factor could vary, or is told by a presentation already.
    """

    base: Game
    labels: str | tuple[str, ...] = "own"
    options: Levels = "given"
    question: Levels = "given"
    sentences: Literal["by_own", "by_other", "random"] = "by_own"
    unit: str = "points"
    story: str = "none"
    goal: str = "none"
    numbers: Literal["figures", "words", "random"] = "figures"
    language: str = ""

    def __post_init__(self) -> None:
        if any(isinstance(layer, Presented) for layer in layers(self.base)):
            raise BadStack("a game is told in one way: presentation stands only once in a stack, and last")
        for factor in ("options", "question", "numbers"):
            _checked(factor, getattr(self, factor))
        _checked("rules", self.sentences)
        for factor in ("unit", "story", "goal"):
            _checked_name(factor, getattr(self, factor))
        if self.language:
            _checked_name("language", self.language)
        if self.labels != "own":
            self._check_labels()
        if self.sentences == RANDOM and self._profiles > MOST_SENTENCES:
            raise BadStack(
                f'rules = "random" draws an order of payoff sentences, and {label(self._innermost)} has '
                f"{self._profiles:,} profiles of actions, more than {MOST_SENTENCES:,}"
            )

    def _check_labels(self) -> None:
        if self._chosen != self._seats:
            raise BadStack(
                f"labels name the actions of {label(self._innermost)}, and its players choose among something else "
                'here; leave labels = "own"'
            )
        if any(map(_is_number, self._names)):
            raise BadStack(
                f'the actions of {label(self._innermost)} are numbers, which mean what they say: leave labels = "own"'
            )
        if self.labels == RANDOM and len(self._names) > len(LETTERS):
            raise BadStack(f"there are {len(LETTERS)} letters to draw labels from, and {len(self._names)} actions")
        if self.labels != RANDOM and not isinstance(self.labels, tuple):
            raise BadParameter(f'labels must be "own", "random" or a list of labels, not {self.labels!r}')
        if isinstance(self.labels, tuple) and len(self.labels) != len(self._names):
            raise BadParameter(
                f"labels has {len(self.labels)} labels, and there are {len(self._names)} actions: "
                f"{', '.join(self._names)}"
            )

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rules(self) -> tuple[Fact, ...]:
        """What is known before the start: of what is drawn, the level that stands first in its factor."""
        return (self._undrawn, *self.base.rules)

    @property
    def tellings(self) -> tuple[Presentation, ...]:
        """What can come to be told: for each factor that is drawn one presentation of each of its levels."""
        found = [self._undrawn]
        for factor, levels in FACTORS.items():
            if factor not in ("labels", "rules") and getattr(self, factor) == RANDOM:
                found += (self._at(**{factor: level}) for level in levels[1:])
        return tuple(found)

    def _at(self, **levels: Any) -> Presentation:
        """The presentation with these levels, and what a story needs if it has one."""
        found = replace(self._undrawn, **levels)
        return replace(found, actions=() if found.story == "none" else self._names)

    def play(self) -> Flow[Outcome]:
        presentation = yield from self._drawn()
        return (yield from told(self.base.play(), presentation))

    def _drawn(self) -> Flow[Presentation]:
        """The levels in force: chance draws those that are random, in the order of the factors."""
        drawn: dict[str, Any] = {}
        for factor, levels in FACTORS.items():
            if factor == "rules" and self.sentences == RANDOM:
                drawn["order"] = yield from draw(factor, Ordering(self._profiles))
            elif factor == "labels" and self.labels == RANDOM:
                drawn[factor] = yield from self._letters()
            elif factor != "rules" and getattr(self, factor) == RANDOM:
                drawn[factor] = yield from draw(factor, OneOf(levels))
        return self._at(**drawn)

    def _letters(self) -> Flow[tuple[tuple[str, str], ...]]:
        """A letter for each action; no letter comes twice."""
        left, found = list(LETTERS), list[tuple[str, str]]()
        for name in self._names:
            letter = yield from draw("labels", OneOf(tuple(left)))
            left.remove(letter)
            found.append((name, letter))
        return tuple(found)

    @cached_property
    def _undrawn(self) -> Presentation:
        given = {factor: getattr(self, factor) for factor in FACTORS if factor not in ("labels", "rules")}
        levels = {factor: FACTORS[factor][0] if level == RANDOM else level for factor, level in given.items()}
        order = tuple(range(self._profiles)) if self.sentences == RANDOM else ()
        actions = self._names if levels["story"] != "none" else ()
        return Presentation(self._labelled, rules=self.sentences, order=order, actions=actions, **levels)

    @property
    def _labelled(self) -> tuple[tuple[str, str], ...]:
        labels = LETTERS[: len(self._names)] if self.labels == RANDOM else self.labels
        return () if isinstance(labels, str) else tuple(zip(self._names, labels, strict=True))

    @property
    def _innermost(self) -> Game:
        *_, innermost = layers(self.base)
        return innermost

    @cached_property
    def _seats(self) -> tuple[tuple[str, ...], ...]:
        """The actions of each seat of the base game. Raises `BadStack` where it does not say them."""
        actions: tuple[tuple[str, ...], ...] | None = getattr(self._innermost, "actions", None)
        if actions is None:
            raise BadStack(
                f"{label(self._innermost)} does not say its actions, so they have no other labels and no order"
            )
        return actions

    @property
    def _chosen(self) -> tuple[tuple[str, ...], ...]:
        """What is chosen among at the outermost stage, as many seats as the base game has."""
        stages = (layer.actions for layer in layers(self.base) if isinstance(layer, StageGame))
        outermost = next(stages, self._seats)
        return self._seats if set(outermost) == set(self._seats) else outermost

    @property
    def _names(self) -> tuple[str, ...]:
        """Every action once, those of the first seat first."""
        return tuple(dict.fromkeys(name for actions in self._seats for name in actions))

    @property
    def _profiles(self) -> int:
        return prod(map(len, self._seats))


def presented(
    base: Game,
    labels: str | tuple[str, ...] = "own",
    options: Levels = "given",
    question: Levels = "given",
    rules: Literal["by_own", "by_other", "random"] = "by_own",
    unit: str = "points",
    story: str = "none",
    goal: str = "none",
    numbers: Literal["figures", "words", "random"] = "figures",
    language: str = "",
) -> Presented:
    """base, told in another way: nothing else of it changes. Stands last in a stack.

    Each field is the level of one factor, or "random": chance draws it at the start, as a draw of the field's name.

    labels: what actions are called: "own", by their names; a list with one label for each action (those of the first
        seat, then what other seats have besides); "random", a capital letter for each.
    options: the order of options in the rules, "given" or "reversed". question: their order where they are asked for.
    rules: the payoff sentences "by_own" action, "by_other" players' actions, or in a "random" order.
    unit: what is paid ("points", "dollars", "coins", "credits", "votes", "tokens"). story: "none", a "cooking" contest
        or a shared "project". goal: "none", or that one's "own" pay, the "joint" pay or the lead over others
        ("relative") be high. A wording of your own may have more of these three.
    numbers: amounts in "figures" or in "words". language: the wording whose sentences are used; "" for the agent's own.

    After Akata et al. (2025), who vary labels, unit and cover story. Raises as `Presented` does.
    """
    return Presented(base, labels, options, question, rules, unit, story, goal, numbers, language)


def without_presentation(game: Game) -> Game:
    """What is played under a presentation: the game as theory, strategies and measures know it."""
    return game.base if isinstance(game, Presented) else game


def needs_presentation_last(game: Game) -> None:
    """Raise `BadStack` where a mechanism stands on a presentation: what is told by it would be told in two ways."""
    outermost, *inner = layers(game)
    if any(isinstance(layer, Presented) for layer in inner):
        raise BadStack(f"presentation tells the whole game, {label(outermost)} included: put it last in the stack")


def _checked(factor: str, level: object, *, random: bool = True) -> None:
    allowed = (*FACTORS[factor], RANDOM) if random else FACTORS[factor]
    if level not in allowed:
        raise BadParameter(f"{factor} must be {_either(allowed)}, not {level!r}")


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(f'{name!r}' for name in names[:-1])} or {names[-1]!r}"


def _checked_name(factor: str, level: object) -> None:
    if not isinstance(level, str) or not level:
        raise BadParameter(f"{factor} must be the name of one, such as {FACTORS[factor][0]!r}, not {level!r}")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
