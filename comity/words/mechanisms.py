"""The rules of the mechanisms in words, and what is learned while they run.

What is learned (a mediator, a contract, what was said) is worded so that it reads the same while it is in force and
as a note of a round gone by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from comity.core.decision import Seats
from comity.core.space import Integer
from comity.mechanisms.belief import Belief, DefectsOnce, Errs, PersonOrProgram
from comity.mechanisms.contracting import Contract, Contracting, Signatures
from comity.mechanisms.matching import Rotation
from comity.mechanisms.mediation import DELEGATE, Delegated, Mediation, Mediator
from comity.mechanisms.neighbourhood import Look, Met, Neighbouring, Surroundings
from comity.mechanisms.network import Network
from comity.mechanisms.noise import Meant, Noise
from comity.mechanisms.observation import Observation
from comity.mechanisms.personas import Persona
from comity.mechanisms.prediction import Predicting, Prediction
from comity.mechanisms.presentation import Presentation
from comity.mechanisms.repetition import Repetition
from comity.mechanisms.sanctions import Sanctioning, Sanctions
from comity.mechanisms.stacking import Memory
from comity.mechanisms.talk import Said, Talk
from comity.mechanisms.voting import Ballot, Proposals
from comity.words.phrases import number, quoted, sentence
from comity.words.wording import Frame, Renderer


def seats(fact: Seats, frame: Frame) -> Iterator[str]:
    """The change of coordinates: who plays, and what each is called from here on."""
    others = [player for player in fact.players if player != frame.reader]
    yield from frame.tell("mechanisms.seats", others=frame.names(others))
    if renamed := list(_renamed(fact, frame)):
        yield from frame.tell("mechanisms.renamed", names=", ".join(renamed))


def _renamed(fact: Seats, frame: Frame) -> Iterator[str]:
    """The names that change; whoever keeps its name needs no word."""
    for seat, player in enumerate(fact.players):
        called = frame.wording.player(seat)
        if called == frame.wording.player(frame.place(player)):
            continue
        if player == frame.reader:
            yield frame.say("mechanisms.seat_you", player=called)
        else:
            yield frame.say("mechanisms.seat_other", player=called, who=frame.name(player))


def presentation(rule: Presentation, frame: Frame) -> Iterator[str]:
    """The story and the goal; whatever else it says is how all the rest is told."""
    unit = frame.wording.unit[1]
    if rule.story != "none":
        options = frame.wording.listed(list(map(frame.shown, frame.wording.in_order(rule.actions))))
        yield from frame.tell(f"stories.{rule.story}", options=options, units=unit)
    if rule.goal != "none":
        yield from frame.tell(f"goals.{rule.goal}", units=unit)


def repetition(rule: Repetition, frame: Frame) -> Iterator[str]:
    yield from frame.tell("mechanisms.repetition")
    yield from _horizon(rule.rounds, rule.chance, frame)
    yield from frame.tell("mechanisms.window", window=_window(rule.memory, frame))


def rotation(rule: Rotation, frame: Frame) -> Iterator[str]:
    yield from frame.tell("mechanisms.rotation", population=rule.population)
    yield from _horizon(rule.rounds, rule.chance, frame)
    yield from frame.tell("mechanisms.window_of_group", window=_window(rule.memory, frame))
    if rule.depth > 1:
        yield from frame.tell("mechanisms.depth", depth=rule.depth)


def _horizon(rounds: int | None, chance: float | None, frame: Frame) -> Iterator[str]:
    if rounds is not None:
        yield from frame.tell("mechanisms.rounds", rounds=rounds)
    if chance is not None:
        yield from frame.tell("mechanisms.chance", chance=number(chance))
    if rounds is None and chance is None:
        yield from frame.tell("mechanisms.rounds_unknown")


def _window(memory: Memory, frame: Frame) -> str:
    match memory:
        case "all":
            return frame.say("mechanisms.window_all")
        case 0:
            return frame.say("mechanisms.window_none")
        case 1:
            return frame.say("mechanisms.window_one")
        case _:
            return frame.say("mechanisms.window_some", rounds=memory)


def mediation(rule: Mediation, frame: Frame) -> Iterator[str]:
    yield from frame.tell("mechanisms.mediation", delegate=frame.shown(DELEGATE))


def contracting(rule: Contracting, frame: Frame) -> Iterator[str]:
    actions = frame.wording.listed(list(map(frame.shown, frame.wording.in_order(rule.actions))))
    payment = frame.wording.allowed(Integer(rule.low, rule.high))
    yield from frame.tell("mechanisms.contracting", actions=actions, payment=payment)


def proposals(fact: Proposals, frame: Frame) -> Iterator[str]:
    for player, proposal in enumerate(fact.proposals):
        told = frame.tell("mechanisms.proposed", who=frame.name(player), proposal=_proposal(proposal, frame))
        yield from map(sentence, told)


def _proposal(proposal: Any, frame: Frame) -> str:
    match frame.elected:
        case "mediator":
            return _plan(proposal, frame)
        case "contract":
            return _terms(frame.terms, proposal, frame)
        case _:
            return frame.shown(proposal)


def _plan(plan: Sequence[str], frame: Frame) -> str:
    delegate = frame.shown(DELEGATE)
    return ", ".join(
        frame.say(
            "mechanisms.plan_one" if count == 1 else "mechanisms.plan_many",
            action=frame.shown(action),
            count=count,
            delegate=delegate,
        )
        for count, action in enumerate(plan, start=1)
    )


def _terms(actions: Sequence[str], transfers: Sequence[int], frame: Frame) -> str:
    return ", ".join(
        frame.say(
            "mechanisms.pays" if amount < 0 else "mechanisms.receives",
            action=frame.shown(action),
            points=frame.points(abs(amount)),
        )
        for action, amount in zip(actions, transfers, strict=True)
    )


def ballot(fact: Ballot, frame: Frame) -> Iterator[str]:
    votes = (
        frame.say("mechanisms.vote", vote=frame.shown(yes), who=frame.name(player))
        for player, yes in enumerate(fact.approvals)
    )
    yield from frame.tell("mechanisms.ballot", votes=", ".join(votes))


def mediator(fact: Mediator, frame: Frame) -> Iterator[str]:
    yield from frame.tell("mechanisms.mediator", who=frame.name(fact.by), plan=_plan(fact.plan, frame))


def delegated(fact: Delegated, frame: Frame) -> Iterator[str]:
    who = frame.names(fact.players) or frame.say("words.nobody")
    yield from map(sentence, frame.tell("mechanisms.delegated", who=who, delegate=frame.shown(DELEGATE)))


def contract(fact: Contract, frame: Frame) -> Iterator[str]:
    terms = _terms(fact.actions, fact.transfers, frame)
    yield from frame.tell("mechanisms.contract", who=frame.name(fact.by), terms=terms)


def signatures(fact: Signatures, frame: Frame) -> Iterator[str]:
    signers = frame.names(player for player, signed in enumerate(fact.signed) if signed)
    key = "mechanisms.contract_binds" if fact.binding else "mechanisms.contract_void"
    yield from frame.tell(key, signers=signers or frame.say("words.nobody"))


def talk(rule: Talk, frame: Frame) -> Iterator[str]:
    """That there is talk, and once for all of it how what is said is shown and what it is worth."""
    if rule.rounds == 1:
        yield from frame.tell("mechanisms.talk_once")
    else:
        yield from frame.tell("mechanisms.talk", times=rule.rounds)


def said(fact: Said, frame: Frame) -> Iterator[str]:
    """What was said, each message on one line and in quotation marks that it cannot close."""
    if not fact.messages:
        yield from frame.tell("mechanisms.nothing_said")
    for time, messages in enumerate(fact.messages, start=1):
        for player, message in enumerate(messages):
            yield from frame.tell("mechanisms.message", number=time, who=frame.name(player), message=quoted(message))


def sanctioning(rule: Sanctioning, frame: Frame) -> Iterator[str]:
    yield from frame.tell("mechanisms.sanctioning", low=-rule.punish, high=rule.reward)
    if rule.reward:
        yield from frame.tell("mechanisms.sanction_reward", points=frame.points(rule.effect))
    if rule.punish:
        yield from frame.tell("mechanisms.sanction_punish", points=frame.points(rule.effect))
    yield from frame.tell("mechanisms.sanction_cost", points=frame.points(rule.cost))


def sanctions(fact: Sanctions, frame: Frame) -> Iterator[str]:
    for giver, given in enumerate(fact.points):
        others = (frame.name(other) for other in range(len(fact.points)) if other != giver)
        numbers = [frame.say("mechanisms.sanction", number=n, who=who) for n, who in zip(given, others, strict=True)]
        told = frame.tell("mechanisms.sanctions", who=frame.name(giver), numbers=frame.wording.listed(numbers))
        yield from map(sentence, told)


def noise(rule: Noise, frame: Frame) -> Iterator[str]:
    if rule.execution:
        yield from frame.tell("mechanisms.noise_acting", chance=number(rule.execution))
    if rule.monitoring:
        units = frame.wording.unit[1]
        yield from frame.tell("mechanisms.noise_seeing", chance=number(rule.monitoring), units=units)
    if not rule.execution and not rule.monitoring:
        yield from frame.tell("mechanisms.no_noise")


def meant(fact: Meant, frame: Frame) -> Iterator[str]:
    yield from frame.tell("mechanisms.meant", action=frame.shown(fact.action))


def network(rule: Network, frame: Frame) -> Iterator[str]:
    names = frame.places(1 + max(map(max, rule.edges)))
    pairs = "; ".join(frame.say("mechanisms.pair", one=names[i], other=names[j]) for i, j in rule.edges)
    pay = frame.say("mechanisms.pay_mean" if rule.pay == "mean" else "mechanisms.pay_sum")
    yield from frame.tell("mechanisms.network", pairs=pairs, pay=pay)


_PAID, _THEIRS, _OWN = 20, 8, 4
"""The example by which the rescaling of payoffs is told: what a neighbour was paid, and how many neighbours both have.
"""


def neighbouring(rule: Neighbouring, frame: Frame) -> Iterator[str]:
    """Who plays whom, for what, how long, and what is shown of it."""
    yield from frame.tell("mechanisms.neighbouring", pay=frame.say(f"mechanisms.pay_{rule.pay}"))
    yield from frame.tell("mechanisms.neighbours_change" if rule.rewired else "mechanisms.neighbours_stay")
    if rule.reordered:
        yield from frame.tell("mechanisms.neighbours_reordered")
    yield from _horizon(rule.rounds, None, frame)
    yield from frame.tell("mechanisms.window", window=_window(rule.memory, frame))
    if rule.shown == "normalised":
        yield from frame.tell(
            "mechanisms.shown_normalised",
            paid=frame.points(_PAID),
            theirs=_THEIRS,
            own=_OWN,
            shown=frame.points(_PAID * _OWN // _THEIRS),
        )
    else:
        yield from frame.tell(f"mechanisms.shown_{rule.shown}")
    yield from frame.tell("mechanisms.without_answer")


def surroundings(fact: Surroundings, frame: Frame) -> Iterator[str]:
    """How many neighbours there are, and the rounds that are shown, oldest first."""
    one = "mechanisms.one_neighbour" if fact.degree == 1 else "mechanisms.some_neighbours"
    yield from frame.tell(one, count=fact.degree)
    for look in fact.past:
        yield from _look(look, frame)
    yield from frame.tell("outcomes.rounds_played", rounds=fact.played)


def _look(look: Look, frame: Frame) -> Iterator[str]:
    met = frame.wording.listed([_met(one, frame) for one in look.met])
    points = frame.points(look.payoff)
    if look.action is None:
        yield from frame.tell("mechanisms.look_unanswered", number=look.round + 1, points=points, met=met)
    else:
        action = frame.shown(look.action)
        yield from frame.tell("mechanisms.look", number=look.round + 1, action=action, points=points, met=met)


def _met(one: Met, frame: Frame) -> str:
    number = one.neighbour + 1
    if one.action is None:
        return frame.say("mechanisms.met_unanswered", number=number)
    if one.payoff is None:
        return frame.say("mechanisms.met", number=number, action=frame.shown(one.action))
    points = frame.points(one.payoff)
    return frame.say("mechanisms.met_paid", number=number, action=frame.shown(one.action), points=points)


def persona(fact: Persona, frame: Frame) -> Iterator[str]:
    """Who the reader is to be, in the words of whoever wrote the plan."""
    yield from frame.tell("mechanisms.persona", text=fact.text)


def predicting(rule: Predicting, frame: Frame) -> Iterator[str]:
    """That there are public predictions, and whose."""
    names = [_placed(seat, frame) for seat in rule.seats]
    yield from frame.tell("mechanisms.predicting", who=frame.wording.listed(names))


def _placed(seat: int, frame: Frame) -> str:
    """What the player in that seat is called in a rule that names seats."""
    if not frame.met:
        return frame.say("names.in_seat", number=seat + 1)
    return frame.wording.player(seat) if frame.shared else frame.name(seat)


def prediction(fact: Prediction, frame: Frame) -> Iterator[str]:
    moves = [
        frame.say("mechanisms.prediction", action=frame.shown(action), who=frame.name(seat))
        for seat, action in zip(fact.of, fact.actions, strict=True)
    ]
    told = frame.tell("mechanisms.predicted", who=frame.name(fact.by), moves=frame.wording.listed(moves))
    yield from map(sentence, told)


def observation(rule: Observation, frame: Frame) -> Iterator[str]:
    """What the observer is there for; the players have the names that an onlooker gives them."""
    who = frame.after(rule).name(rule.seat)
    window = _window(rule.memory, frame)
    yield from frame.tell("mechanisms.observation", who=who, rounds=rule.rounds)
    yield from frame.tell("mechanisms.window", window=window)


def errs(fact: Errs, frame: Frame) -> Iterator[str]:
    yield from map(sentence, frame.tell("mechanisms.errs", who=_partner(frame)))


def defects_once(fact: DefectsOnce, frame: Frame) -> Iterator[str]:
    once, then = frame.shown(fact.once), frame.shown(fact.then)
    yield from map(sentence, frame.tell("mechanisms.defects_once", who=_partner(frame), once=once, then=then))


def person_or_program(fact: PersonOrProgram, frame: Frame) -> Iterator[str]:
    yield from map(sentence, frame.tell("mechanisms.person_or_program", who=_partner(frame)))


def _partner(frame: Frame) -> str:
    """What the other of two players is called."""
    parties = frame.parties(2)
    return parties.names[1 - parties.seat]


MECHANISMS: dict[type, Renderer] = {
    Seats: seats,
    Presentation: presentation,
    Repetition: repetition,
    Rotation: rotation,
    Mediation: mediation,
    Mediator: mediator,
    Delegated: delegated,
    Contracting: contracting,
    Contract: contract,
    Signatures: signatures,
    Proposals: proposals,
    Ballot: ballot,
    Talk: talk,
    Said: said,
    Sanctioning: sanctioning,
    Sanctions: sanctions,
    Noise: noise,
    Meant: meant,
    Network: network,
    Neighbouring: neighbouring,
    Surroundings: surroundings,
    Persona: persona,
    Predicting: predicting,
    Prediction: prediction,
    Observation: observation,
    Errs: errs,
    DefectsOnce: defects_once,
    PersonOrProgram: person_or_program,
}
"""The rules of the mechanisms, and what is learned while they run."""

RULES: frozenset[type] = frozenset(
    {
        Presentation,
        Repetition,
        Rotation,
        Mediation,
        Contracting,
        Talk,
        Sanctioning,
        Noise,
        Network,
        Neighbouring,
        Persona,
        Predicting,
        Observation,
        Belief,
    }
)
"""Those of them that say a rule."""
