"""The rules of the mechanisms in words, and what is learned while they run.

What is learned (a mediator, a contract, what was said) is worded so that it reads the same while it is in force and
as a note of a round gone by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from comity.core.decision import Seats
from comity.core.space import Integer
from comity.mechanisms.contracting import Contract, Contracting, Signatures
from comity.mechanisms.matching import Rotation
from comity.mechanisms.mediation import DELEGATE, Delegated, Mediation, Mediator
from comity.mechanisms.network import Network
from comity.mechanisms.noise import Meant, Noise
from comity.mechanisms.repetition import Repetition
from comity.mechanisms.sanctions import Sanctioning, Sanctions
from comity.mechanisms.stacking import Memory
from comity.mechanisms.talk import Said, Talk
from comity.mechanisms.voting import Ballot, Proposals
from comity.words.phrases import chosen, listed, number, points, quoted, sentence
from comity.words.wording import Frame, Renderer


def seats(fact: Seats, frame: Frame) -> Iterator[str]:
    """The change of coordinates: who plays, and what each is called from here on."""
    others = [player for player in fact.players if player != frame.reader]
    yield f"You now play with {frame.names(others)}."
    yield f"From here on {', '.join(_renamed(fact, frame))}."


def _renamed(fact: Seats, frame: Frame) -> Iterator[str]:
    for seat, player in enumerate(fact.players):
        meant = "you" if player == frame.reader else f"the one called {frame.name(player)} so far"
        yield f"player {seat + 1} means {meant}"


def repetition(rule: Repetition, frame: Frame) -> Iterator[str]:
    yield "The game below is played round after round by the same players."
    yield from _horizon(rule.rounds, rule.chance)
    yield f"In each round you are shown {_window(rule.memory)}."


def rotation(rule: Rotation, frame: Frame) -> Iterator[str]:
    yield f"You are one of {rule.population} players. In every round they are put into groups, which change,"
    yield "and each group plays the game below."
    yield from _horizon(rule.rounds, rule.chance)
    yield f"In each round you are shown {_window(rule.memory)} of yourself and of the others in your group."
    if rule.depth > 1:
        yield f"With each you are shown what the others in it had done before, and so on, {rule.depth} levels deep."


def _horizon(rounds: int | None, chance: float | None) -> Iterator[str]:
    if rounds is not None:
        yield f"The number of rounds is {rounds}."
    if chance is not None:
        yield f"After each round another one follows with probability {number(chance)}."
    if rounds is None and chance is None:
        yield "You are not told how many rounds there are."


def _window(memory: Memory) -> str:
    match memory:
        case "all":
            return "all past rounds"
        case 0:
            return "no past round"
        case 1:
            return "the last round"
        case _:
            return f"the last {memory} rounds"


def mediation(rule: Mediation, frame: Frame) -> Iterator[str]:
    yield from _election("mediator")
    yield f"When they act, players may choose {DELEGATE} instead of an action."
    yield "The mediator sees only how many delegate, and plays one and the same action for all of them."


def contracting(rule: Contracting, frame: Frame) -> Iterator[str]:
    yield from _election("contract")
    payment = frame.wording.allowed(Integer(rule.low, rule.high))
    yield f"A contract has a payment for each of the actions {listed(rule.actions)}: {payment}."
    yield "Everybody then signs the elected contract or not, before the game is played. It binds only if all sign."
    yield "Whoever plays an action then receives its payment in all, in equal shares from the others;"
    yield "a negative payment goes the other way, in equal shares to the others."


def _election(what: str) -> Iterator[str]:
    yield f"Before the game below everybody proposes a {what}, then approves or not of each proposal."
    yield "A proposal with most approvals is elected; chance decides between equals."


def proposals(fact: Proposals, frame: Frame) -> Iterator[str]:
    for player, proposal in enumerate(fact.proposals):
        yield sentence(f"{frame.name(player)} proposed: {_proposal(proposal, frame)}.")


def _proposal(proposal: Any, frame: Frame) -> str:
    match frame.elected:
        case "mediator":
            return _plan(proposal)
        case "contract":
            return _terms(frame.terms, proposal)
        case _:
            return chosen(proposal)


def _plan(plan: Sequence[str]) -> str:
    counts = enumerate(plan, start=1)
    return ", ".join(f"{action} if {count} {'delegates' if count == 1 else 'delegate'}" for count, action in counts)


def _terms(actions: Sequence[str], transfers: Sequence[int]) -> str:
    payments = zip(actions, transfers, strict=True)
    sides = ((action, "pays" if amount < 0 else "receives", points(abs(amount))) for action, amount in payments)
    return ", ".join(f"whoever plays {action} {side} {amount}" for action, side, amount in sides)


def ballot(fact: Ballot, frame: Frame) -> Iterator[str]:
    votes = (f"{chosen(yes)} to {frame.name(player)}" for player, yes in enumerate(fact.approvals))
    yield f"Your votes on the proposals: {', '.join(votes)}."


def mediator(fact: Mediator, frame: Frame) -> Iterator[str]:
    yield f"The mediator proposed by {frame.name(fact.by)} plays {_plan(fact.plan)}."


def delegated(fact: Delegated, frame: Frame) -> Iterator[str]:
    yield sentence(f"{frame.names(fact.players) or 'nobody'} delegated.")


def contract(fact: Contract, frame: Frame) -> Iterator[str]:
    yield f"The contract proposed by {frame.name(fact.by)}: {_terms(fact.actions, fact.transfers)}."


def signatures(fact: Signatures, frame: Frame) -> Iterator[str]:
    signers = frame.names(player for player, signed in enumerate(fact.signed) if signed)
    yield f"Signed by {signers or 'nobody'}: the contract {'binds' if fact.binding else 'does not bind'}."


def talk(rule: Talk, frame: Frame) -> Iterator[str]:
    times = "once" if rule.rounds == 1 else f"{rule.rounds} times"
    yield f"Before the game below everybody sends a message to all the others, {times}, at the same time."
    yield "What is said binds nobody."


def said(fact: Said, frame: Frame) -> Iterator[str]:
    if not fact.messages:
        yield "Nothing has been said yet."
    for time, messages in enumerate(fact.messages, start=1):
        for player, message in enumerate(messages):
            yield f"Message {time} from {frame.name(player)}: {quoted(message)}"


def sanctioning(rule: Sanctioning, frame: Frame) -> Iterator[str]:
    yield f"After the game below everybody sets a number from {-rule.punish} to {rule.reward} for each other player."
    if rule.reward:
        yield f"Each unit above zero gives that player {points(rule.effect)} more."
    if rule.punish:
        yield f"Each unit below zero takes {points(rule.effect)} from that player."
    yield f"Each unit costs whoever sets it {points(rule.cost)}."


def sanctions(fact: Sanctions, frame: Frame) -> Iterator[str]:
    for giver, given in enumerate(fact.points):
        others = (frame.name(other) for other in range(len(fact.points)) if other != giver)
        yield sentence(
            f"{frame.name(giver)} set {listed([f'{n} for {who}' for n, who in zip(given, others, strict=True)])}."
        )


def noise(rule: Noise, frame: Frame) -> Iterator[str]:
    if rule.execution:
        yield f"Each action is replaced by another one of the same player with probability {number(rule.execution)}."
    if rule.monitoring:
        yield f"You see every other player's action as a different one with probability {number(rule.monitoring)},"
        yield "and you see no points."
    if not rule.execution and not rule.monitoring:
        yield "Actions are played as chosen and seen as played."


def meant(fact: Meant, frame: Frame) -> Iterator[str]:
    yield f"You had chosen {fact.action}."


def network(rule: Network, frame: Frame) -> Iterator[str]:
    names = frame.parties(1 + max(map(max, rule.edges))).names
    yield f"Neighbours are {'; '.join(f'{names[i]} and {names[j]}' for i, j in rule.edges)}."
    yield f"The game below is played between all neighbours. Each player gets the {rule.pay} over its neighbours."


MECHANISMS: dict[type, Renderer] = {
    Seats: seats,
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
}
"""The rules of the mechanisms, and what is learned while they run."""
