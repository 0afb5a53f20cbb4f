"""A strategy of your own is any object with `begin`; it may answer with a lottery, and the driver draws."""

from comity.core.match import play
from comity.core.space import Lottery
from comity.games.matrix import StagHunt
from comity.mechanisms.repetition import History, Repeated


class Cautious:
    """Hunts the stag as often as the other has so far, and with even odds at first."""

    def begin(self, game, player):
        def decide(decision):
            past = decision.fact(History).past
            hunted = sum(round.outcome.actions[1 - player] == "stag" for round in past)
            trust = (hunted + 1) / (len(past) + 2)
            return Lottery(("stag", "hare"), (trust, 1 - trust))

        return decide


game = Repeated(StagHunt(), rounds=6, memory=6)
seats = [Cautious().begin(game, player) for player in range(2)]
match = play(game, lambda decision: seats[decision.player](decision), key=11)
print([round.outcome.actions for round in match.outcome.parts], match.outcome.payoffs)
