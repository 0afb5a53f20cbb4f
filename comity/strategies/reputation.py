"""Indirect reciprocity: cooperate with those whose visible past is good.

The visible past is every play that `Standings` shows, or `History` where there is one instead; each is looked at once.
Who has no visible past is good. With several partners, all of them must be good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.strategies.seen import Deed, Meaning, circle_of, meaning_of, progress_of, visible_deeds


@dataclass(frozen=True)
class ImageScoring:
    """Cooperates with those whose image score is at least `threshold` (Nowak and Sigmund 1998).

    The image score is the number of visible plays in which a player cooperated, less those in which it did not: the
    deed counts, whoever it was done to. It needs no more than first-order information.
    """

    threshold: int = 0

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)

        def decide(decision: Decision[Any]) -> Reply:
            score: dict[int, int] = {}
            for deed in visible_deeds(progress_of(decision.sees)):
                for whom, action, cooperative in zip(deed.players, deed.actions, meaning.cooperative, strict=True):
                    score[whom] = score.get(whom, 0) + (1 if action == cooperative else -1)
            return _towards_partners(decision, meaning, lambda whom: score.get(whom, 0) >= self.threshold)

        return decide


@dataclass(frozen=True)
class Norm:
    """A norm of second order: what a player's standing becomes by what it does to whom.

    The four fields say whether the player is good after it has cooperated or defected, and the others were all good or
    not; None leaves its standing as it was (Ohtsuki and Iwasa 2004, without the leading eight's dependence on the own
    standing).
    """

    cooperated_with_good: bool | None
    cooperated_with_bad: bool | None
    defected_on_good: bool | None
    defected_on_bad: bool | None

    def after(self, before: bool, cooperated: bool, others_good: bool) -> bool:
        """The standing of a player who had this one and did that."""
        if cooperated:
            verdict = self.cooperated_with_good if others_good else self.cooperated_with_bad
        else:
            verdict = self.defected_on_good if others_good else self.defected_on_bad
        return before if verdict is None else verdict


STANDING = Norm(True, True, False, None)
"""To defect on the good is bad, to cooperate restores (Sugden 1986; Leimar and Hammerstein 2001)."""

STERN_JUDGING = Norm(True, False, False, True)
"""Good is to cooperate with the good and to defect on the bad, all else is bad (Kandori 1992; Pacheco et al. 2006)."""


@dataclass(frozen=True)
class Discriminator:
    """Cooperates with those in good standing under a norm.

    Everybody starts good. The visible plays are gone through in the order of the rounds, and after each the norm says
    where its players stand. Whom a partner met is judged by what is visible of it too, for which the mechanism must
    show a depth of 2 or more. At depth 1 little more is seen than the partner's own plays, whoever it met there passes
    for good at the time, and a justified defection looks like any other.
    """

    norm: Norm

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)

        def decide(decision: Decision[Any]) -> Reply:
            good = standings_under(self.norm, visible_deeds(progress_of(decision.sees)), meaning)
            return _towards_partners(decision, meaning, lambda whom: good.get(whom, True))

        return decide


def standings_under(norm: Norm, deeds: Iterable[Deed], meaning: Meaning) -> Mapping[int, bool]:
    """Who is good after these deeds; those who do not appear have done nothing and are good."""
    good: dict[int, bool] = {}
    for deed in deeds:
        before = [good.get(player, True) for player in deed.players]
        for seat, player in enumerate(deed.players):
            cooperated = deed.actions[seat] == meaning.cooperative[seat]
            others_good = all(before[:seat]) and all(before[seat + 1 :])
            good[player] = norm.after(before[seat], cooperated, others_good)
    return good


def _towards_partners(decision: Decision[Any], meaning: Meaning, is_good: Callable[[int], bool]) -> Reply:
    circle = circle_of(decision, meaning.n_seats)
    partners = (circle.group[seat] for seat in circle.others)
    actions = meaning.cooperative if all(map(is_good, partners)) else meaning.defective
    return actions[circle.seat]
