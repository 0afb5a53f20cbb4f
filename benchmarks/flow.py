"""The plain flow: decisions per second through `play`, on one core."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, count
from statistics import median

from benchmarks.measure import Check, timed
from comity.core.flow import Game
from comity.core.match import Decide, Match, play
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from comity.strategies.catalogue import always_defect, image_scoring, stern_judging, tit_for_tat
from comity.strategies.strategy import Strategy

TARGET = 80_000
RUNS = 7
DECISIONS = 4_000
"""So many decisions, at the least, are timed at once."""

DILEMMA = PrisonersDilemma()
GAMES: dict[str, Game] = {
    "prisoner's dilemma, once": DILEMMA,
    "the same x 15": Repeated(DILEMMA),
    "the same x 200": Repeated(DILEMMA, rounds=200),
    "as long as chance lets it go on (0.95)": Continued(DILEMMA, chance=0.95),
    "public goods for 3 x 15": Repeated(PublicGoods()),
    "execution noise x 15": Repeated(Trembling(DILEMMA)),
    "monitoring noise x 15": Repeated(Misperceived(DILEMMA)),
    "mediation, once": Mediated(DILEMMA),
    "mediation x 10": Repeated(Mediated(DILEMMA), rounds=10),
    "contracts, once": Contracted(DILEMMA, -5, 5),
    "contracts x 10": Repeated(Contracted(DILEMMA, -5, 5), rounds=10),
    "cheap talk x 15": Repeated(CheapTalk(DILEMMA)),
    "sanctions x 15": Repeated(Sanctioned(DILEMMA)),
    "network of 4 x 15": Repeated(Networked(DILEMMA)),
    "network of 4, per edge x 15": Repeated(PerEdge(DILEMMA)),
    "reputation, 12 players, depth 1": Rotated(DILEMMA),
    "reputation, 12 players, depth 3": Rotated(DILEMMA, depth=3),
}
"""Every mechanism, as a plan plays it unless it says otherwise."""


def main() -> None:
    print(f"\nplain flow, decisions per CPU second on one core (asked for: at least {TARGET:,})")
    for name, game in GAMES.items():
        row(f"{name}, always defect", game, always_defect())
        row(f"{name}, tit for tat", game, tit_for_tat())
    for name in ("reputation, 12 players, depth 1", "reputation, 12 players, depth 3"):
        row(f"{name}, image scoring", GAMES[name], image_scoring())
        row(f"{name}, stern judging", GAMES[name], stern_judging())


def row(name: str, game: Game, strategy: Strategy) -> None:
    """Time matches in which this strategy takes every seat, and sits down anew in each."""

    def match(key: int) -> Match:
        return play(game, seated(strategy.begin(game, player) for player in range(game.n_players)), key)

    sizes = accumulate(decisions(match(key)) for key in count())
    matches, amount = next((place + 1, size) for place, size in enumerate(sizes) if size >= DECISIONS)
    check = Check("every match ends", all(match(key).outcome is not None for key in range(matches)))
    rates = [amount / timed(lambda: [match(key) for key in range(matches)]).cpu for _ in range(RUNS)]
    print(f"  {name:54} {median(rates):9,.0f}  (from {min(rates):,.0f} to {max(rates):,.0f}; checked: {check.what})")


def decisions(match: Match) -> int:
    return sum(map(len, match.choices))


def seated(deciders: Iterable[Decide]) -> Decide:
    """Decides as each player's own decider does."""
    seats = tuple(deciders)
    return lambda decision: seats[decision.player](decision)


if __name__ == "__main__":
    main()
