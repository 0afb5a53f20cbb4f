"""A match told by the source, told to our rules: they ask, and the account answers.

Nothing here knows a mechanism. An account is turned into queues of answers, one for each kind of decision and each
player; the rules take from them what they need, and whatever does not fit is said.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter, Diverged
from comity.core.flow import Game
from comity.core.match import Match
from comity.core.space import Lottery
from comity.corpora.coopeval.account import ElectionAccount, MatchAccount, PlayAccount
from comity.mechanisms.mediation import DELEGATE


class Answer(NamedTuple):
    """A choice, and the probabilities it was drawn with where the source has them."""

    choice: Any
    stated: tuple[float, ...] = ()


Answers: TypeAlias = dict[tuple[str, int], deque[Answer]]
"""By kind of decision and player, in the order they were given."""


class Retelling:
    """Answers every decision of one match as an account says it was answered.

    flaws: what it had to leave aside on the way.
    """

    def __init__(self, account: MatchAccount, rotates: bool) -> None:
        self.flaws: list[str] = []
        self._answers = answers(account, rotates)

    def play(self, game: Game) -> Match:
        """The match, played to its end. Raises `Diverged` where the account does not fit, `IllegalChoice` as ever."""
        match = Match(game)
        while match.pending:
            step = len(match.choices)
            given = [self._next(decision, step) for decision in match.pending]
            for slot, (decision, answer) in enumerate(zip(match.pending, given, strict=True)):
                if answer.stated:
                    self._keep_lottery(match, (step, slot), decision, answer)
            match.answer(tuple(answer.choice for answer in given))
        left = [kind for (kind, _), rest in self._answers.items() if rest and kind != "tie"]
        if left:
            raise Diverged(len(match.choices), f"the match is over, and the source has more of {left[0]!r}")
        return match

    def _next(self, decision: Decision[Any], step: int) -> Answer:
        waiting = self._answers[decision.kind, decision.player]
        if not waiting:
            who = "chance" if decision.player == NATURE else f"player {decision.player + 1}"
            raise Diverged(step, f"the rules ask {who} for {decision.kind!r}, and the source has no answer")
        return waiting.popleft()

    def _keep_lottery(self, match: Match, place: tuple[int, int], decision: Decision[Any], answer: Answer) -> None:
        who = f"player {decision.player + 1}"
        try:
            lottery = Lottery(tuple(decision.options), answer.stated)
        except BadParameter as error:
            self.flaws.append(f"what {who} stated is left aside: {error}")
            return
        if answer.choice in lottery:
            match.lotteries[place] = lottery
        else:
            self.flaws.append(f"{who} played {answer.choice!r}, which it had given no probability")


def answers(account: MatchAccount, rotates: bool) -> Answers:
    """What the account answers to each kind of decision of each player; `rotates` if chance decided who meets whom."""
    found: Answers = defaultdict(deque)
    if account.election:
        _answer_election(found, account.election)
    if rotates:
        found["match", NATURE].extend(map(Answer, orders(account.plays)))
    for play in account.plays:
        for player, move in zip(play.players, play.moves, strict=True):
            found["act", player].append(Answer(DELEGATE if move.delegated else move.action, move.stated))
    return found


def _answer_election(found: Answers, election: ElectionAccount) -> None:
    found["tie", NATURE].append(Answer(election.winner))
    for kind, told in (("propose", election.proposals), ("approve", election.ballots), ("sign", election.signatures)):
        for player, choice in enumerate(told):
            found[kind, player].append(Answer(choice))


def orders(plays: Iterable[PlayAccount]) -> Iterator[tuple[int, ...]]:
    """The orders chance must have drawn for the players to meet as told: for each round, one per seat."""
    rounds: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for play in plays:
        rounds[play.round].append(play.players)
    for _, groups in sorted(rounds.items()):
        for players in zip(*groups, strict=True):
            yield tuple(player // len(groups[0]) for player in players)
