"""A scripted agent's whole strategy, put together from one rule for each kind of decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import BadStack
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.exact.automata import Automaton
from comity.mechanisms.mediation import DELEGATE, Mediation
from comity.strategies.accepting import AcceptByEquilibrium
from comity.strategies.delegating import DelegateInEquilibrium
from comity.strategies.finite_state import FiniteState
from comity.strategies.predicting import Repeats
from comity.strategies.proposing import EfficientProposal
from comity.strategies.sanctioning import NoSanctions
from comity.strategies.speaking import Announce
from comity.strategies.strategy import Strategy, one_of, varies


@dataclass(frozen=True)
class Scripted:
    """A strategy made of a rule for every kind of decision; each rule is a strategy for decisions of its kind alone.

    act: how it acts. delegate: whether it lets the mediator act instead, answered with yes or no; None leaves that to
    act, which then chooses among all options. propose, approve, sign, sanction: as they are called. speak: what it
    says; None announces what it is about to do. predict: what it expects of others.

    By default it proposes the efficient mediator or contract, approves and signs what does not lower its equilibrium
    payoff, delegates where that is an equilibrium that pays it, says what it will do, sanctions nobody, and expects of
    others what they did last.
    """

    act: Strategy
    delegate: Strategy | None = field(default_factory=DelegateInEquilibrium)
    propose: Strategy = field(default_factory=EfficientProposal)
    approve: Strategy = field(default_factory=AcceptByEquilibrium)
    sign: Strategy = field(default_factory=AcceptByEquilibrium)
    speak: Strategy | None = None
    sanction: Strategy = field(default_factory=NoSanctions)
    predict: Strategy = field(default_factory=Repeats)

    @property
    def automaton(self) -> Automaton | None:
        """The automaton that it acts by, where it acts by one."""
        return self.act.automaton if isinstance(self.act, FiniteState) else None

    @property
    def varies(self) -> bool:
        """Whether who acts by it is one of many."""
        return varies(self.act) or (self.speak is not None and varies(self.speak))

    def one(self, place: Address) -> Scripted:
        """The one of many that sits at that place: it acts, and says what it will do, by the same traits."""
        speak = None if self.speak is None else one_of(self.speak, place)
        return replace(self, act=one_of(self.act, place), speak=speak)

    def begin(self, game: Game, player: int) -> Decide:
        begun: dict[str, Decide] = {}

        def decide(decision: Decision[Any]) -> Reply:
            rule = begun.get(decision.kind)
            if rule is None:  # a rule is begun when it is first needed: most matches need but one
                rule = begun[decision.kind] = self._rule(decision.kind, game, player)
            return rule(decision)

        return decide

    def _rule(self, kind: str, game: Game, player: int) -> Decide:
        rules = self._rules
        if kind not in rules:
            raise BadStack(
                f"a scripted strategy has no rule for decisions of kind {kind!r}; its rules are for {', '.join(rules)}"
            )
        begun = rules[kind].begin(game, player)
        if kind == "act" and self.delegate is not None and any(isinstance(fact, Mediation) for fact in game.rules):
            return _or_delegate(begun, self.delegate.begin(game, player))
        return begun

    @cached_property
    def _rules(self) -> Mapping[str, Strategy]:
        return {
            "act": self.act,
            "propose": self.propose,
            "approve": self.approve,
            "sign": self.sign,
            "speak": Announce(self.act) if self.speak is None else self.speak,
            "sanction": self.sanction,
            "predict": self.predict,
        }


def _or_delegate(act: Decide, delegate: Decide) -> Decide:
    def decide(decision: Decision[Any]) -> Reply:
        action = act(decision)  # asked whether or not it is delegated, so that what it remembers is complete
        return DELEGATE if delegate(decision) else action

    return decide
