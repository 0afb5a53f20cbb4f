"""The strategies by name. A plan names them so; a plugin adds to them.

Each entry is a function whose parameters are what a plan may set, and whose docstring gives the definition and the
source. Unless an entry says otherwise, what it does besides acting is what `Scripted` does by default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from comity.core.errors import BadParameter
from comity.exact.automata import Automaton
from comity.exact.automata import memory_one as memory_one_automaton
from comity.strategies import finite_state as tables
from comity.strategies.accepting import (
    AcceptAll,
    AcceptByEquilibrium,
    AcceptByGuarantee,
    AcceptNone,
    AcceptOwn,
    ApproveBest,
)
from comity.strategies.assisting import BEST, Assisted
from comity.strategies.claiming import Anchor, LevelK, Undercut
from comity.strategies.contributing import ConditionalContributor, ThresholdContributor
from comity.strategies.delegating import DelegateAlways, DelegateInEquilibrium, DelegateNever
from comity.strategies.exchanging import Asking, Exchanging
from comity.strategies.finite_state import FiniteState
from comity.strategies.options import SameOption
from comity.strategies.people import Aspiration, Imitator, Individual, Moody, Persistent
from comity.strategies.predicting import BestReply, Cooperates, Defects, Pattern, Predictor, Repeats, Uniform
from comity.strategies.proposing import EfficientProposal, GreedyProposal, RationalProposal, UselessProposal
from comity.strategies.reputation import STANDING, STERN_JUDGING, Discriminator, ImageScoring
from comity.strategies.sanctioning import NoSanctions, PunishDefectors, RewardCooperators
from comity.strategies.scripted import Scripted
from comity.strategies.slipping import Slipping
from comity.strategies.speaking import Announce, Promise, Silent
from comity.strategies.strategy import Strategy
from comity.strategies.trading import Trading


def always(option: int = 1) -> Scripted:
    """Takes the same option in every round, by its place in the list and whatever it means (Akata et al. 2025).

    option: its place, from 1 on. It never delegates.
    """
    return Scripted(SameOption(option), delegate=DelegateNever())


def always_cooperate() -> Scripted:
    """Cooperates in every round (Axelrod 1984)."""
    return Scripted(FiniteState(tables.ALWAYS_COOPERATE))


def always_defect() -> Scripted:
    """Defects in every round (Axelrod 1984).

    It keeps out of every arrangement: it proposes what changes nothing, approves and signs nothing, never delegates.
    """
    return Scripted(
        FiniteState(tables.ALWAYS_DEFECT),
        delegate=DelegateNever(),
        propose=UselessProposal(),
        approve=AcceptNone(),
        sign=AcceptNone(),
    )


def random(p: float = 0.5) -> Scripted:
    """Cooperates with probability p in every round (RANDOM in Axelrod 1980, with p = 1/2)."""
    return Scripted(FiniteState(tables.random(p)))


def tit_for_tat() -> Scripted:
    """Cooperates at first, then does what the others did last (Rapoport's entry in Axelrod 1980)."""
    return Scripted(FiniteState(tables.TIT_FOR_TAT))


def suspicious_tit_for_tat() -> Scripted:
    """Defects at first, then does what the others did last (Boyd and Lorberbaum 1987)."""
    return Scripted(FiniteState(tables.SUSPICIOUS_TIT_FOR_TAT))


def generous_tit_for_tat(p: float = 1 / 3) -> Scripted:
    """Tit for tat that forgives a defection with probability p (Nowak and Sigmund 1992, whose example has p = 1/3)."""
    return Scripted(FiniteState(tables.generous_tit_for_tat(p)))


def two_tits_for_tat() -> Scripted:
    """Cooperates at first, and answers every defection with two (Axelrod 1984)."""
    return Scripted(FiniteState(tables.TWO_TITS_FOR_TAT))


def tit_for_two_tats() -> Scripted:
    """Defects only after two defections running (Axelrod 1984; Maynard Smith's entry in the second tournament)."""
    return Scripted(FiniteState(tables.TIT_FOR_TWO_TATS))


def hard_tit_for_tat(first: bool = True) -> Scripted:
    """Cooperates at first, and defects after any defection in the last three rounds (as in Akata et al. 2025).

    first: whether it cooperates at first; in the program of that source it does not.
    """
    return Scripted(FiniteState(tables.HARD_TIT_FOR_TAT if first else tables.SUSPICIOUS_HARD_TIT_FOR_TAT))


def reverse_tit_for_tat() -> Scripted:
    """Defects at first, then does the opposite of what the others did last (Nachbar 1992)."""
    return Scripted(FiniteState(tables.REVERSE_TIT_FOR_TAT))


def grim() -> Scripted:
    """Cooperates until the others defect once, then defects for good (Friedman 1971).

    Where partners change it is the contagious strategy of Kandori (1992): it defects on all once it has met a defector.
    """
    return Scripted(FiniteState(tables.GRIM))


def win_stay_lose_shift() -> Scripted:
    """Cooperates at first, and again whenever both did the same last (Nowak and Sigmund 1993; Pavlov)."""
    return Scripted(FiniteState(tables.WIN_STAY_LOSE_SHIFT))


def alternate() -> Scripted:
    """Cooperates at first, then does the opposite of what it did last itself (Axelrod 1984)."""
    return Scripted(FiniteState(tables.ALTERNATE))


def defect_once() -> Scripted:
    """Defects in the first round and cooperates ever after (Akata et al. 2025)."""
    return Scripted(FiniteState(tables.DEFECT_ONCE))


def naive_prober(p: float = 0.1) -> Scripted:
    """Tit for tat that, after the first round, defects with probability p where it would cooperate (Axelrod 1984)."""
    return Scripted(FiniteState(tables.naive_prober(p)))


def memory_one(
    first: float = 1.0, both: float = 1.0, sucker: float = 0.0, tempted: float = 0.0, neither: float = 1.0
) -> Scripted:
    """Cooperates with these probabilities at first, and after each sign of the last round (Nowak and Sigmund 1990).

    both, sucker, tempted, neither: after both cooperated, only it did, only the others did, none did. By default
    win-stay-lose-shift.
    """
    return Scripted(FiniteState(memory_one_automaton(first, both, sucker, tempted, neither)))


def automaton(
    start: int = 0,
    cooperates: tuple[float, ...] = (1, 0),
    then: tuple[tuple[int, int, int, int], ...] = ((0, 1, 0, 1), (0, 1, 0, 1)),
) -> Scripted:
    """Any finite automaton (Rubinstein 1986); by default tit for tat.

    start: the state of the first round. cooperates: for each state the probability of cooperating in it. then: for each
    state the next one after each sign of the round (both cooperated, only it did, only the others did, none did).
    """
    return Scripted(FiniteState(Automaton(start, cooperates, then)))


def image_scoring(threshold: int = 0) -> Scripted:
    """Cooperates with those whose visible cooperations outnumber their defections by at least `threshold`.

    Nowak and Sigmund (1998): see `ImageScoring`.
    """
    return Scripted(ImageScoring(threshold))


def standing() -> Scripted:
    """Cooperates with those in good standing, which is lost by defecting on the good (Sugden 1986).

    See `Discriminator` for what it needs to be shown.
    """
    return Scripted(Discriminator(STANDING))


def stern_judging() -> Scripted:
    """Cooperates with the good: those who cooperated with the good and defected on the bad (Pacheco et al. 2006).

    See `Discriminator` for what it needs to be shown.
    """
    return Scripted(Discriminator(STERN_JUDGING))


def threshold_contributor(k: int = 1, first: bool = True) -> Scripted:
    """Contributes if at least k of the others did last (Granovetter 1978; Boyd and Richerson 1988).

    first: whether it contributes at first.
    """
    return Scripted(ThresholdContributor(k, first))


def conditional_contributor(first: float = 1.0, intercept: float = 0.0, slope: float = 1.0) -> Scripted:
    """Contributes with probability intercept + slope x the share of the others who did last (Fischbacher et al. 2001).

    first: the probability at first.
    """
    return Scripted(ConditionalContributor(first, intercept, slope))


def trading(threshold: float = 0.5, width: float = 0.05, low: float = 0.0, high: float = 0.0) -> Scripted:
    """Cooperates where the index of cooperation (R - P) / (T - S) is large enough (Rapoport 1967).

    threshold: the index at which it is halfway. width: how fast it changes there. low, high: how often it cooperates
    where nothing speaks for it, and defects where everything does. See `Trading`.
    """
    return Scripted(Trading(threshold, width, low, high))


def moody(
    first: float = 0.6,
    intercept: float = -1.14,
    mood: float = 0.85,
    slope: float = 0.25,
    mood_slope: float = 0.75,
    trend: float = 0.0,
    linear: bool = False,
    spread: float = 0.0,
) -> Scripted:
    """Cooperates by what it did last itself and by the share of the others who cooperated last (Grujić et al. 2010).

    The log-odds are intercept + slope m + trend t, and after a cooperation of its own mood + mood_slope m more, m being
    that share and t the rounds played; linear: the probability itself is. first: the probability at first. spread: the
    standard deviation of a trait of each person on the log-odds. See `Moody`; the defaults are near people.
    """
    return Scripted(Moody(first, intercept, mood, slope, mood_slope, trend, linear, spread))


def persistent(stay: float = 0.25, cooperates: float = 0.35, spread: float = 0.0) -> Scripted:
    """Does what it did last with probability `stay`, else cooperates with probability `cooperates`.

    spread: the standard deviation over people of the log-odds of the latter. See `Persistent`.
    """
    return Scripted(Persistent(stay, cooperates, spread))


def individual(a: float = 1.0, b: float = 2.0) -> Scripted:
    """Cooperates with a probability of its own in every round, drawn for each person from a beta distribution.

    a, b: its shapes. See `Individual`.
    """
    return Scripted(Individual(a, b))


def aspiration(
    first: float = 0.6,
    aspiration: float = 0.3,
    sensitivity: float = 1.0,
    habituation: float = 0.0,
    tremble: float = 0.15,
) -> Scripted:
    """Learns to do more of what paid more than it aspires to (Macy and Flache 2002; Ezaki et al. 2016).

    first: its probability of cooperating at first. aspiration: what it aspires to, 0 being what both get who defect and
    1 what both get who cooperate. sensitivity, habituation, tremble: see `Aspiration`.
    """
    return Scripted(Aspiration(first, aspiration, sensitivity, habituation, tremble))


def imitator(rule: Literal["best", "proportional"] = "best", first: float = 0.6) -> Scripted:
    """Does what the best-paid around it did, itself included (Nowak and May 1992).

    rule: "proportional" takes over the action of somebody with a probability in proportion to what that one was paid
    more (Schlag 1998). first: the probability of cooperating at first. See `Imitator`.
    """
    return Scripted(Imitator(rule, first))


def level_k(k: int = 1, anchor: Anchor = "cooperative") -> Scripted:
    """Replies best to level k - 1, where level 0 makes the highest claim or plays anything (Stahl and Wilson 1994).

    anchor: "cooperative" for the highest claim (Arad and Rubinstein 2012), "uniform" for anything (Nagel 1995).
    """
    return Scripted(LevelK(k, anchor))


def undercut(by: int = 1) -> Scripted:
    """Makes the highest claim at first, then claims `by` steps less than the others' lowest last claim (Basu 1994)."""
    return Scripted(Undercut(by))


def rational() -> Scripted:
    """Plays an equilibrium of the finite game that follows, found by backward induction (Nash 1950; Kuhn 1953).

    Ties by the rule of `backward_induction`. It proposes what pays it most among what nobody refuses, approves the
    proposals that are best for it, signs what does not lower its equilibrium payoff, acts or delegates as the
    equilibrium says, says nothing, sanctions nobody; under repetition it plays the equilibrium of one round in every
    round, which is an equilibrium of the whole.
    """
    return BEST


def exchanger(
    asks: Asking = "all",
    answers: float = 1.0,
    once: bool = False,
    forgets: float = 0.0,
    reciprocal: bool = False,
    lies: bool = False,
    pushes: bool = False,
    waits: int = 0,
    submits: bool = True,
    misreads: float = 0.0,
    hopes: bool = False,
    garbles: float = 0.0,
) -> Exchanging:
    """Asks, answers and hands in by rule in an exchange; by default the perfect cooperator (Yadav et al. 2026).

    asks: "all" holders of what it lacks, "one", "public", "none", "everything", or "again" and again. answers: the
    probability that it answers an open request at a turn; once: each request has one chance. forgets: the probability
    that it never asks for a piece. reciprocal: answers only who has sent it something. lies: states wrong codes.
    pushes: sends everything unasked. waits: for how many turns it keeps a complete task back; submits: whether it ever
    hands in. misreads: the probability that it takes one thing for another, unless it is shown a digest. hopes: hands
    in what it has only just asked for. garbles: the probability that a turn of it cannot be read and is empty.
    """
    waiting = waits if submits else None
    return Exchanging(asks, forgets, answers, once, reciprocal, lies, pushes, waiting, misreads, hopes, garbles)


Rule: TypeAlias = str | tuple[Any, ...]
"""A rule as a plan names it: its name, or its name and then its parameters in their order."""


def best_reply_to_prediction(predict: Rule = "pattern") -> Scripted:
    """Replies best to what it expects of the others (Akata et al. 2025, social chain-of-thought as a script).

    predict: what it expects, one of the rules for that kind of decision. See `BestReply`.
    """
    predictor: Predictor = _chosen("predict", RULES["predict"], predict)
    return Scripted(BestReply(predictor), predict=predictor)


def composed(
    act: Rule = "tit_for_tat",
    delegate: Rule = "in_equilibrium",
    propose: Rule = "efficient",
    approve: Rule = "by_equilibrium",
    sign: Rule = "by_equilibrium",
    speak: Rule = "announce",
    sanction: Rule = "none",
    predict: Rule = "repeats",
) -> Scripted:
    """Acts like another strategy, with the rule of your choice for every other kind of decision.

    Each rule is a name, or a list of its name and its parameters: act = ["generous_tit_for_tat", 0.2]. The names for
    act are those of the other strategies, for the rest those of `RULES`. Raises `BadParameter` where there is no such
    rule.
    """
    acting = _chosen("act", SCRIPTED, act).act
    others = {
        "delegate": delegate,
        "propose": propose,
        "approve": approve,
        "sign": sign,
        "speak": speak,
        "sanction": sanction,
        "predict": predict,
    }
    return Scripted(acting, **{kind: _chosen(kind, RULES[kind], rule) for kind, rule in others.items()})


def noisy(of: Rule = "tit_for_tat", p: float = 0.1) -> Scripted:
    """Another strategy whose action is replaced with probability p by one of its others, each equally likely.

    of: the name of the other strategy, or a list of its name and its parameters: of = ["always", 2]. All else that it
    does stays as it is; it announces what it means to do. Raises `BadParameter` where there is no such strategy. The
    strategy's own trembling hand (Selten 1975); for noise that is in the game, see the mechanism `execution_noise`.
    """
    steady: Scripted = _chosen("of", SCRIPTED, of)
    return replace(steady, act=Slipping(steady.act, p), speak=steady.speak or Announce(steady.act))


def assisted(of: Rule = "tit_for_tat", assists: tuple[str, ...] = ()) -> Assisted:
    """Another strategy, for which decisions of some kinds are made as well as they can be made.

    of: its name, or a list of its name and parameters. assists: of propose, approve, sign, act, sanction and speak, and
    in exchanges of request, share and submit (after the automation of one side in Yadav et al. 2026).
    """
    return Assisted(_chosen("of", STRATEGIES, of), assists)


def _chosen(kind: str, among: Mapping[str, Callable[..., Any]], rule: Rule) -> Any:
    named = (rule,) if isinstance(rule, str) else rule
    name, *parameters = named if isinstance(named, Sequence) and named else (None,)
    if name not in among:
        raise BadParameter(
            f"{kind} must be one of {', '.join(among)}, or a list of that and its parameters, not {rule!r}"
        )
    try:
        return among[name](*parameters)
    except TypeError as error:
        raise BadParameter(f"{kind} = {name} does not take the parameters {parameters}: {error}") from None


SCRIPTED: dict[str, Callable[..., Scripted]] = {
    "always": always,
    "always_cooperate": always_cooperate,
    "always_defect": always_defect,
    "random": random,
    "tit_for_tat": tit_for_tat,
    "suspicious_tit_for_tat": suspicious_tit_for_tat,
    "generous_tit_for_tat": generous_tit_for_tat,
    "two_tits_for_tat": two_tits_for_tat,
    "tit_for_two_tats": tit_for_two_tats,
    "hard_tit_for_tat": hard_tit_for_tat,
    "reverse_tit_for_tat": reverse_tit_for_tat,
    "grim": grim,
    "win_stay_lose_shift": win_stay_lose_shift,
    "alternate": alternate,
    "defect_once": defect_once,
    "naive_prober": naive_prober,
    "memory_one": memory_one,
    "automaton": automaton,
    "image_scoring": image_scoring,
    "standing": standing,
    "stern_judging": stern_judging,
    "threshold_contributor": threshold_contributor,
    "conditional_contributor": conditional_contributor,
    "trading": trading,
    "moody": moody,
    "persistent": persistent,
    "individual": individual,
    "aspiration": aspiration,
    "imitator": imitator,
    "level_k": level_k,
    "undercut": undercut,
    "rational": rational,
    "best_reply_to_prediction": best_reply_to_prediction,
    "noisy": noisy,
    "composed": composed,
}
"""Those that have a rule for every kind of decision of a game; what they act by, others may act by too."""

STRATEGIES: dict[str, Callable[..., Strategy]] = {**SCRIPTED, "exchanger": exchanger, "assisted": assisted}
"""All of them."""

_ACCEPTING: dict[str, Callable[..., Strategy | None]] = {
    "all": AcceptAll,
    "none": AcceptNone,
    "own": AcceptOwn,
    "by_guarantee": AcceptByGuarantee,
    "by_equilibrium": AcceptByEquilibrium,
}

RULES: dict[str, dict[str, Callable[..., Strategy | None]]] = {
    "delegate": {
        "in_equilibrium": DelegateInEquilibrium,
        "always": DelegateAlways,
        "never": DelegateNever,
        "as_act": lambda: None,
    },
    "propose": {
        "efficient": EfficientProposal,
        "useless": UselessProposal,
        "greedy": GreedyProposal,
        "rational": RationalProposal,
    },
    "approve": {**_ACCEPTING, "best": ApproveBest},
    "sign": _ACCEPTING,
    "speak": {"announce": lambda: None, "promise": Promise, "silent": Silent},
    "sanction": {"none": NoSanctions, "punish_defectors": PunishDefectors, "reward_cooperators": RewardCooperators},
    "predict": {
        "repeats": Repeats,
        "pattern": Pattern,
        "cooperates": Cooperates,
        "defects": Defects,
        "uniform": Uniform,
    },
}
"""The rules by name, for every kind of decision but act; None is what `Scripted` takes it to be."""
