"""How the numbers were made, in words a paper can take over, with its references and what the records were."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version

from comity.metrics.factors import varied
from comity.records.levels import spelled_level
from comity.records.store import Header, RunFile
from comity.report.contents import Head, Items, Part, Prose, Section, Source, Words
from comity.report.results import Results
from comity.report.text import counted, matches, prose
from comity.report.told import replicates
from comity.runs.citations import METHODS, REFERENCES, Reference, behind
from comity.runs.design import Plan
from comity.runs.plan import plan_of
from comity.words.phrases import listed, sentence

SOFTWARE = ("numpy", "scipy", "pandas")
SCORES = (
    "Payoffs were put on the scale of each game, on which 0 is the mean payoff when all defect and 1 the mean "
    "payoff when all cooperate; they were not clipped. Averages were taken over agents, then replicates, then "
    "games, then mechanisms, each with equal weight (CoopEval, 2026)."
)
INTERVALS = (
    "A replicate is one independent repetition of a whole tournament, that is of all matches of a game under a "
    "mechanism. Matches and rounds of one tournament share agents and often proposals, so replicates, and never "
    "rounds, were taken as independent draws. 95 % intervals are Student's, over replicates within each game and "
    "mechanism, with degrees of freedom after Satterthwaite (1946) and Welch (1947)."
)
ALONE = (
    "Where a tournament was played once, its matches were resampled 1,000 times (Efron, 1979) if each was a draw "
    "of its own; where they shared proposals, no interval is given."
)
PAIRS = (
    "Agents were compared tournament by tournament, mechanisms game by game. Two are told apart where Student's p "
    "stays below 5 % after Holm's (1979) correction for all pairs; p-values after Benjamini and Hochberg (1995) "
    "are given beside. Ranks are given as the sets that these comparisons leave possible (Mogstad et al., 2024), "
    "and letters join those that are not told apart (Piepho, 2004)."
)
FITNESS = (
    "Fitness is the mean score in the population to which replicator dynamics with exponential weights lead (rate 0.1, "
    "1,000 steps, equal shares at the start; CoopEval, 2026; Freund and Schapire, 1999). "
    "Deviation ratings (Marris et al., 2025) are the lexicographic optimum, ranked within each game and mechanism."
)
ROUNDS = (
    "Where the same players met for several rounds the unit is the whole match. Shares of rounds have the interval of "
    "Wilson (1927) with as many draws as the rounds are worth, by the design effect (Kish, 1965) and the degrees of "
    "freedom of clusters by match (Korn and Graubard, 1998). Memory-one strategies (Nowak and Sigmund, 1990) were "
    "fitted by the shares themselves; the nearest named strategy is that under which the play is likeliest if it errs "
    "with one probability in every round (Dal Bó and Fréchette, 2011)."
)
FACTORS = (
    "What each factor of the design explains is told by its sum of squares of type II (Langsrud, 2003) as a share of "
    "the variance between players of matches: omega squared (Hays, 1963), with the interval of the noncentral F "
    "distribution (Steiger, 2004). Players of one match were not taken as independent: the error of each factor was "
    "put together from the variance between matches and within."
)
FAILURES = "No failure was turned into a move: a match in which a player gave no valid answer was forfeited"
FOUND = (
    "What failed where imported records were made has left no trace in them unless it was recorded there: answers that "
    "were asked for again, or repaired, cannot be told from others. A match that is recorded as failed was forfeited"
)
DIGEST = (
    "The SHA-256 of all records, in the order of their matches; runs of which it is the same hold the same matches, "
    "played alike:"
)


def section(results: Results) -> Section | None:
    """Methods, references, provenance."""
    if not results.cells:
        return None
    references = tuple(_references(results))
    parts: tuple[Part, ...] = (
        Prose(tuple(_methods(results))),
        Head("References"),
        Items(tuple(reference.text for reference in references)),
        Source("\n".join(reference.bibtex for reference in references)),
        Head("Provenance"),
        _provenance(results),
        Prose((DIGEST,)),
        Source("\n".join(f"{run.digest()}  {run.header.name}" for run in results.runs.values())),
    )
    return Section("methods", "Methods and references", parts)


def _methods(results: Results) -> Iterator[str]:
    for (name, of), run in zip(results.each.items(), results.runs.values(), strict=True):
        which = "" if results.only else f"{name}: "
        yield f"{which}{_amount(of)} {_design(run.header)}"
    yield SCORES
    yield f"{INTERVALS} {ALONE}" if _is_alone(results) else INTERVALS
    yield f"{PAIRS} {FITNESS}"
    if not results.rounds.empty:
        yield ROUNDS
    if varied(results.cells.values()):
        yield FACTORS
    yield _failures(results)
    libraries = ", ".join(f"{name} {version(name)}" for name in SOFTWARE)
    rules = ", ".join(dict.fromkeys(run.header.rules_version for run in results.runs.values()))
    python = platform.python_version()
    yield f"Computed with comity {version('comity')} (rules {rules}), Python {python}, {libraries}."


def _amount(results: Results) -> str:
    agents, games = counted(len(results.agents), "agent"), f"{counted(len(results.games), 'game')}"
    settings = counted(len(results.mechanisms), "mechanism setting")
    amount = f"{matches(len(results.tables.matches))} in {replicates(results)}"
    return (
        f"{agents} ({listed(results.agents)}) played {games} ({listed([*map(prose, results.games)])}) under {settings} "
        f"({listed([*map(prose, results.mechanisms)])}): {amount}."
    )


def _design(header: Header) -> str:
    if header.origin == "import":
        return "The matches were not played here; they were imported as they were found, and replayed to check them."
    return _matching(plan_of(header, f"the plan of {header.name}"))


def _matching(plan: Plan) -> str:
    """Who met whom, how often, and whose proposals were voted on."""
    matching = plan.matching
    once = "once" if matching.repeats == 1 else f"{matching.repeats} times"
    self_play = "itself included" if matching.self_play else "never itself"
    everybody = f"every agent met every other in every seat, {self_play}, {once}"
    drawn = matches(matching.matches or 0)
    sample = f"{drawn} were drawn from all ways to seat the agents ({self_play}), each played {once}"
    if matching.alike:
        everybody = f"each agent took all seats of a match, {once}"
    if matching.guest:
        everybody = f"each agent took all seats of a match but the first, which every agent took in turn, {once}"
    if matching.populations:
        labels = listed([one.label for one in matching.populations])
        everybody = f"each population ({labels}) played {once}, its agents in seats that were given or drawn"
    told = f"In each game, mechanism and replicate {everybody if matching.matches is None else sample}."
    if plan.populations:
        told += " Under reputation mechanisms all agents formed one population and met in changing groups."
    if plan.crossed:
        told += (
            f" In {counted(len(plan.crossed), 'cell')} every distinct question was asked "
            f"{counted(plan.samples, 'time')} per agent and tournament, and each match is the expectation over its "
            "tree, with answers as often as they were given."
        )
    told += "".join(f" {sentence(reason)}." for reason in plan.uncrossed)
    if plan.factors:
        fields = [f"{one.key} ({', '.join(map(spelled_level, one.levels))})" for one in plan.factors]
        told += f" Stacks were played in conditions, in which these were varied: {listed(fields)}."
    told += "".join(f" {sentence(how)}." for how in plan.balance)
    if plan.proposals == "tournament":
        told += (
            " Each agent made its proposals once for each seat and tournament, and they were used in all its matches."
        )
    return told


def _is_alone(results: Results) -> bool:
    return bool((results.tables.matches.groupby(["mechanism", "game"])["replicate"].nunique() == 1).any())


def _failures(results: Results) -> str:
    forfeited, lacking = results.count("forfeited"), results.wanted - len(results.tables.matches)
    what = FOUND if results.is_imported else FAILURES
    told = f"{what} and counts in no mean ({forfeited:,} of {matches(results.wanted)})."
    return told + (f" {matches(lacking)} of the design are not recorded." if lacking else "")


def _references(results: Results) -> Iterator[Reference]:
    """What the games, mechanisms, strategies and methods stand on, by author."""
    strategies = [spec for run in results.runs.values() for _, spec in run.header.agents if spec is not None]
    found = {reference.key: reference for reference in behind(results.cells.values(), strategies)}
    factors = varied(results.cells.values())
    unused = {"resampling": not _is_alone(results), "rounds": results.rounds.empty, "factors": not factors}
    topics = [topic for topic in METHODS if not unused.get(topic)]
    found |= {key: REFERENCES[key] for topic in topics for key in METHODS[topic]}
    yield from sorted(found.values(), key=lambda reference: (reference.authors.lower(), reference.year))


def _provenance(results: Results) -> Words:
    runs = [*results.runs.values()]
    told = zip(*(_origin(run) for run in runs), strict=True)
    rows = tuple((name, *values) for name, values in zip(_ATTRIBUTES, told, strict=True))
    return Words("Where the numbers come from", "", ("Run", *(run.header.name for run in runs)), rows)


_ATTRIBUTES = ("Origin", "Seed", "Rules", "Page written by", "Matches of the design", "Records")


def _origin(run: RunFile) -> tuple[str, ...]:
    header = run.header
    counts = f"{header.matches:,}", f"{run.count():,}"
    by = f"comity {version('comity')}"
    seed = str(header.seed) if header.origin == "plan" else "none: the records are imported"
    return (header.origin, seed, header.rules_version, by, *counts)
