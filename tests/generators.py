"""What the property tests draw from: games, stacks of mechanisms, spaces, and players who answer anything legal.

Two sources stand side by side. `BASES`, `SMALL` and `NESTED` hold one small example of every catalogue entry and of
nested stacks, so that a law can be swept over all of them; the strategies (`games`, `stacks`, `spaces`) generate more.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st

from comity.core.chance import Address, stream_key
from comity.core.decision import NATURE, Decision
from comity.core.errors import BadStack
from comity.core.flow import Game, StageGame
from comity.core.match import Match, Reply, play, receive
from comity.core.space import Drawable, Each, Integer, Lottery, Number, OneOf, Ordering, Space, Text, to_json
from comity.exact.strategic_form import StrategicForm
from comity.games.exchange.game import Exchange
from comity.games.exchange.turns import Action, Turn
from comity.games.matrix import (
    BattleOfTheSexes,
    Chicken,
    MatchingPennies,
    MatrixGame,
    PrisonersDilemma,
    StagHunt,
    TrustGame,
    WeakPrisonersDilemma,
)
from comity.games.ordinal import OrdinalGame
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.belief import Informed
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.exchanging import automation, instruction, transfer_bonus, visibility
from comity.mechanisms.forcing import Forced
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.observation import Observed
from comity.mechanisms.personas import Personified
from comity.mechanisms.prediction import Predicted
from comity.mechanisms.presentation import presented
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.rescaling import Rescaled
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk

BASES: dict[str, Game] = {
    "prisoners_dilemma": PrisonersDilemma(),
    "weak_prisoners_dilemma": WeakPrisonersDilemma(),
    "public_goods": PublicGoods(),
    "travellers_dilemma": TravellersDilemma(),
    "trust_game": TrustGame(),
    "trust_game_sequential": SequentialTrustGame(),
    "stag_hunt": StagHunt(),
    "chicken": Chicken(),
    "battle_of_the_sexes": BattleOfTheSexes(),
    "matching_pennies": MatchingPennies(),
    "ordinal": OrdinalGame(1, 11),
    "matrix": MatrixGame(
        ("up", "down"), ("left", "middle", "right"), (((1, 2), (0, 0), (3, 1)), ((2, 2), (1, 5), (0, 0)))
    ),
    "symmetric": SymmetricGame(3, ("share", "take"), ((4, 2, 1), (5, 3, 0)), "share", "take"),
}
"""One example of every base game in the catalogue."""


TWO_PERSONAS = (
    (("label", "patient"), ("share", 0.5), ("text", "You are patient.")),
    (("label", "hasty"), ("share", 0.5), ("text", "You are in a hurry.")),
)


def watched(base: Any) -> Game:
    """An observer of three rounds of that base, in which the actions of each seat come in turn."""
    actions = getattr(base, "actions", ((), ()))
    moves = tuple(tuple(options[round % len(options)] for options in actions if options) for round in (0, 1, 0))
    return Observed(base, moves)


def put_again(base: Any) -> Game:
    """A play of that base, whose histories everybody is asked at."""
    middle = itertools.repeat(0.5)
    played = play(base, lambda decision: pick(decision.options, middle), key=5)
    return Forced(base, json.dumps(to_json(tuple(played.choices))))


SMALL: dict[str, Callable[[Any], Game]] = {
    "repetition": partial(Repeated, rounds=3, memory=2),
    "random_continuation": partial(Continued, chance=0.5, most=4),
    "reputation_first_order": lambda base: Rotated(base, population=2 * base.n_players, rounds=3, memory=2),
    "reputation": lambda base: Rotated(base, population=2 * base.n_players, rounds=4, memory="all", depth=3),
    "mediation": Mediated,
    "contracting": Contracted,
    "cheap_talk": partial(CheapTalk, rounds=2, most=20),
    "sanctions": partial(Sanctioned, punish=2, reward=1),
    "execution_noise": partial(Trembling, noise=0.3),
    "monitoring_noise": partial(Misperceived, noise=0.3),
    "network": partial(Networked, players=3),
    "network_per_edge": partial(PerEdge, players=3),
    "neighbourhood": partial(Neighbourhood, graph="ring", size=(4, 2), rounds=3, memory=2),
    "prediction": partial(Predicted, recall=True),
    "observation": watched,
    "forced": put_again,
    "belief": Informed,
    "personas": partial(Personified, personas=TWO_PERSONAS),
    "presentation": partial(presented, options="reversed", question="reversed", goal="own"),
    "rescaling": partial(Rescaled, times=2.5, plus=-3),
}
"""One small example of every mechanism in the catalogue, to be put on a base."""

_SMALL_EXCHANGE = Exchange(agents=3, rounds=2, pieces=7, per_task=2)

EXCHANGES: dict[str, Game] = {
    "exchange": _SMALL_EXCHANGE,
    "exchange_compat": Exchange(
        agents=3, rounds=2, schedule="sequential", stale=True, unsolicited=True, falsifiable=True, pieces=7, per_task=2
    ),
}
"""One example of every exchange in the catalogue, whose turns cannot be listed."""

CONDITIONS: dict[str, Callable[[Any], Game]] = {
    "automation": partial(automation, sides=("share", "perceive"), agents=(1, 2)),
    "visibility": partial(visibility, hide=("scores", "receipts"), show=("ranks",)),
    "instruction": partial(instruction, aims=("policy", "Be brief."), stories=("points", "business", "score_board")),
    "transfer_bonus": partial(transfer_bonus, each=0.25, asked=False, agents=(2,)),
}
"""One small example of every mechanism that stands on exchanges only."""


def every_exchange() -> dict[str, Game]:
    """Every exchange, every condition on each, and what else may be made of one."""
    conditions = {
        f"{name} of {base}": put(game) for base, game in EXCHANGES.items() for name, put in CONDITIONS.items()
    }
    more = {f"{name} of {base}": stacked(game, name) for base, game in EXCHANGES.items() for name in SMALL}
    return {**EXCHANGES, **conditions, **{name: game for name, game in more.items() if game is not None}}


_PD = PrisonersDilemma()

NESTED: dict[str, Game] = {
    "repeated mediated": Repeated(Mediated(_PD), rounds=2, memory="all"),
    "rotated contracted public goods": Rotated(Contracted(PublicGoods()), population=6, rounds=2),
    "repeated cheap talk, sequential trust": Repeated(CheapTalk(SequentialTrustGame(), messages=("a", "b")), rounds=2),
    "rotated repeated mediated": Rotated(Repeated(Mediated(_PD), rounds=2), population=4, rounds=2),
    "rotated contracted trembling": Rotated(
        Contracted(Trembling(_PD, 0.3), -2, 2), population=4, rounds=3, memory="all"
    ),
    "repeated rotated": Repeated(Rotated(_PD, population=4, rounds=2), rounds=2),
    "continued misperceived": Continued(Misperceived(_PD, 0.3), chance=0.5, most=3, memory="all"),
    "repeated misperceived trembling": Repeated(Misperceived(Trembling(_PD, 0.3), 0.3), rounds=2, memory="all"),
    "sanctioned network": Sanctioned(Networked(_PD, players=3), punish=1),
    "mediated trembling network": Mediated(Trembling(Networked(StagHunt(), players=3), 0.2)),
    "neighbours that change in the second part": Neighbourhood(
        StagHunt(),
        graph="star",
        size=(4,),
        parts=((("rounds", 2),), (("rewired", True), ("rounds", 2))),
        horizon="announced",
        order="shuffled",
        pay="mean",
        shown="sum",
    ),
    "forgotten parts on a drawn graph": Neighbourhood(
        Rescaled(_PD, times=2, plus=-1),
        graph="regular",
        size=(6, 3),
        graph_word=7,
        parts=((("rewired", True), ("rounds", 2)), (("rounds", 1),)),
        carry_over=False,
        memory="all",
        shown="none",
    ),
    "network per edge of talk": PerEdge(CheapTalk(Chicken(), messages=("go", "stay")), players=3),
    "contracted strategic form": Contracted(StrategicForm(SequentialTrustGame()), -1, 1),
    "repeated strategic form": Repeated(StrategicForm(Repeated(_PD, rounds=2, memory="all")), rounds=2),
    "repeated mediated rescaled": Repeated(Mediated(Rescaled(_PD, times=4, plus=1)), rounds=2, memory="all"),
    "repeated public predictions": Repeated(Predicted(PublicGoods(), (1, 3), public=True), rounds=2, memory="all"),
    "forgetful predictions": Repeated(Predicted(_PD, use="probe"), rounds=2, memory="all"),
    "rotated predictions": Rotated(Predicted(_PD, (2,), public=True), population=4, rounds=2),
    "mediated trembling predictions": Repeated(Mediated(Trembling(Predicted(_PD), 0.3)), rounds=2),
    "per edge informed predictions": Repeated(
        PerEdge(Informed(Predicted(_PD), "defects_once", (2,)), players=3), rounds=2, memory="all"
    ),
    "maybe a program": Informed(Repeated(_PD, rounds=2), "person_or_program"),
    "forgetful mediation and contract": Repeated(Mediated(_PD, recall=False), rounds=2),
}
"""The stacks of several mechanisms that are promised, and the ones most likely to break."""


def stacked(base: Game, *mechanisms: str) -> Game | None:
    """The small examples of these mechanisms on that base, the first one innermost; None where that cannot stand."""
    game = base
    try:
        for name in mechanisms:
            game = SMALL[name](game)
    except BadStack:
        return None
    return game


def every_entry() -> dict[str, Game]:
    """Every base game, every mechanism on every base game that can bear it, and the nested stacks."""
    crossed = {f"{m} of {b}": stacked(base, m) for b, base in BASES.items() for m in SMALL}
    return {**BASES, **{name: game for name, game in crossed.items() if game is not None}, **NESTED}


payoff_numbers = st.integers(-9, 9) | st.integers(-900, 900).map(lambda cents: cents / 100)
"""Payoffs as plans give them: whole numbers, and decimals."""


@st.composite
def bimatrices(draw: st.DrawFn, most: int = 3) -> MatrixGame:
    """Any two-player game of up to `most` actions each."""
    rows, columns = draw(st.integers(1, most)), draw(st.integers(1, most))
    pairs = st.tuples(payoff_numbers, payoff_numbers)
    cells = draw(st.tuples(*(st.tuples(*(pairs for _ in range(columns))) for _ in range(rows))))
    return MatrixGame(tuple(f"r{i}" for i in range(rows)), tuple(f"c{j}" for j in range(columns)), cells)


@st.composite
def symmetric_games(draw: st.DrawFn) -> SymmetricGame:
    """Any symmetric game of two or three players with two or three actions."""
    players, names = draw(st.integers(2, 3)), ("a", "b", "c")[: draw(st.integers(2, 3))]
    width = sum(1 for _ in itertools.combinations_with_replacement(names, players - 1))
    row = st.tuples(*(payoff_numbers for _ in range(width)))
    return SymmetricGame(players, names, draw(st.tuples(*(row for _ in names))), names[0], names[1])


@st.composite
def dilemmas(draw: st.DrawFn) -> PrisonersDilemma:
    """Any prisoner's dilemma."""
    sucker, *rises = draw(st.tuples(st.integers(-5, 5), *(st.integers(1, 4),) * 3))
    _, punishment, reward, temptation = itertools.accumulate(rises, initial=sucker)
    return PrisonersDilemma(reward, sucker, temptation, punishment)


def stage_games() -> st.SearchStrategy[StageGame]:
    """Base games of one step: catalogue entries, random bimatrices and random symmetric games."""
    fixed = [game for game in BASES.values() if isinstance(game, StageGame)]
    return st.one_of(st.sampled_from(fixed), bimatrices(), symmetric_games(), dilemmas())


def games() -> st.SearchStrategy[Game]:
    """Base games, of one step and of two."""
    return st.one_of(stage_games(), st.just(SequentialTrustGame()))


def presentation_last(names: Sequence[str]) -> list[str]:
    """The names of mechanisms in an order in which they can stand."""
    return sorted(names, key="presentation".__eq__)


@st.composite
def stacks(draw: st.DrawFn) -> Game:
    """A base game under up to two mechanisms that can stand on it."""
    base = draw(games())
    names = draw(st.lists(st.sampled_from(sorted(SMALL)), max_size=2).map(presentation_last))
    possible = (stacked(base, *names[:height]) for height in range(len(names), 0, -1))
    return next((game for game in possible if game is not None), base)


keys = st.integers(0, 2**64 - 1)
"""Keys of streams of draws."""


@st.composite
def lotteries(draw: st.DrawFn) -> Lottery[str]:
    """A lottery over up to four choices, some of them perhaps impossible."""
    parts = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(any))
    return Lottery(tuple(f"o{place}" for place in range(len(parts))), tuple(part / sum(parts) for part in parts))


atoms = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "b", "yes"]))


def _different(options: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({repr(option): option for option in options}.values())


def one_ofs() -> st.SearchStrategy[OneOf[Any]]:
    """Lists of different choices of any type, tuples among them."""
    choices = atoms | st.tuples(atoms, atoms)
    return st.lists(choices, min_size=1, max_size=5).map(lambda options: OneOf(_different(options)))


def integers() -> st.SearchStrategy[Integer]:
    """Bounded whole numbers."""
    return st.tuples(st.integers(-4, 4), st.integers(0, 4)).map(lambda ends: Integer(ends[0], ends[0] + ends[1]))


def spaces() -> st.SearchStrategy[Space[Any]]:
    """Spaces that can be listed, one of them inside another."""
    simple: st.SearchStrategy[Space[Any]] = st.one_of(
        one_ofs(), integers(), lotteries(), st.integers(1, 4).map(Ordering)
    )
    parts = st.lists(simple, min_size=1, max_size=2)
    return simple | parts.map(lambda inside: Each(tuple(f"part {i}" for i in range(len(inside))), tuple(inside)))


def pick(space: Space[Any], uniforms: Iterator[float]) -> Any:
    """Some legal choice, listed or not, as those numbers in [0, 1) have it."""
    if isinstance(space, Each):
        return tuple(pick(part, uniforms) for part in space.spaces)
    if isinstance(space, Turn):
        return tuple(_action(space, uniforms) for _ in range(int(next(uniforms) * 4)))
    if isinstance(space, Number):
        return int(next(uniforms) * space.below)
    if isinstance(space, Text):
        return f"word {int(next(uniforms) * 10)}"[: space.most]
    if isinstance(space, Integer) and (space.low is None or space.high is None):
        return (space.low or 0) + int(next(uniforms) * 4) - 2 * (space.low is None)
    options = list(space)
    return options[int(next(uniforms) * len(options))]


def _action(turn: Turn, uniforms: Iterator[float]) -> Action:
    """Some action, possible or not, in a world of a few agents and pieces."""
    one, other, code = (int(next(uniforms) * below) for below in (9, 5, 1_000))
    shared = ("share", (one,), other, (code,)) if turn.codes else ("share", (one,), other)
    kinds: dict[str, Action] = {
        "request": ("request", one, other),
        "share": shared,
        "submit": ("submit", one + other),
        "message": ("message", other, f"word {one}"),
        "broadcast": ("broadcast", f"word {one}"),
    }
    return kinds[turn.kinds[int(next(uniforms) * len(turn.kinds))]]


def _numbers(key: int, step: int) -> Iterator[float]:
    return (Address(key, step, slot).uniform() for slot in itertools.count())


@dataclass
class Script:
    """Answers the n-th decision it is asked with something legal, whatever the decision shows; one match each."""

    key: int
    mixes: bool = False
    asked: int = 0

    def __call__(self, decision: Decision[Any]) -> Reply:
        self.asked += 1
        numbers = _numbers(self.key, self.asked)
        if self.mixes and isinstance(decision.options, OneOf) and next(numbers) < 0.5:
            first, second = (pick(decision.options, numbers) for _ in range(2))
            return Lottery((first, second), (0.25, 0.75))
        return pick(decision.options, numbers)


@dataclass(frozen=True)
class Attentive:
    """Answers as all that the decision shows has it: equal decisions get equal answers, in any order."""

    key: int

    def __call__(self, decision: Decision[Any]) -> Any:
        return pick(decision.options, _numbers(stream_key(self.key, repr(decision)), 0))


def played(game: Game, decide: Callable[[Decision[Any]], Reply], key: int) -> tuple[Match, list[tuple[Any, ...]]]:
    """A match played to the end, and the decisions it put, step by step."""
    match, put = Match(game), []
    while match.pending:
        put.append(match.pending)
        receive(match, [None if d.player == NATURE else decide(d) for d in match.pending], key)
    return match, put


def drawable(decision: Decision[Any]) -> Drawable[Any]:
    """The options of a decision of chance."""
    assert decision.player == NATURE
    assert isinstance(decision.options, Drawable)
    return decision.options
