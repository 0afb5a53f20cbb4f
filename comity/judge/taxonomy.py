"""The labels that a reason can carry, and what each of them means.

A reason may carry several labels, or none. The published study (CoopEval, 2026) names fifteen kinds of reasons;
`PUBLISHED` has its names, so that counts can be set side by side, with definitions of our own.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from comity.judge.errors import JudgeError

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""How the name of a label is spelled; a judge answers with names."""
MOST_LABELS, MOST_TITLE, MOST_DEFINITION = 100, 80, 1_000
"""So many labels has a taxonomy at most, and so many characters a title and a definition."""
_FIELDS = ("name", "title", "definition", "keywords")


@dataclass(frozen=True)
class Label:
    """One kind of reason.

    name: what a judge answers with. title: what a page calls it. definition: when a reason carries it. keywords:
    words and beginnings of words (ended by "*") by which the judge without a model, `scripted.keywords`, goes; one that
    begins with "~" counts only where it is not negated.
    """

    name: str
    title: str
    definition: str
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """Labels in the order in which they are put to a judge; their names and titles are all different."""

    name: str
    labels: tuple[Label, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(label.title for label in self.labels)

    @cached_property
    def text(self) -> str:
        """The taxonomy as JSON, the same for equal ones."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def digest(self) -> str:
        """The SHA-256 of the text, in hexadecimal: what is judged by different definitions is not compared."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    @classmethod
    def from_text(cls, text: str) -> Taxonomy:
        """The taxonomy that `text` wrote."""
        data = json.loads(text)
        labels = (Label(**{**label, "keywords": tuple(label["keywords"])}) for label in data["labels"])
        return cls(data["name"], tuple(labels))


def read_taxonomy(path: Path) -> Taxonomy:
    """The taxonomy in that TOML file. Raises `JudgeError` with the one thing that is wrong with it first."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise JudgeError(f"{path}: a taxonomy is text in UTF-8, and byte {error.start + 1} of this is not") from None
    except OSError as error:
        raise JudgeError(f"{path}: the taxonomy cannot be read: {error.strerror}") from None
    return taxonomy_from(text, str(path))


def taxonomy_from(text: str, source: str = "taxonomy.toml") -> Taxonomy:
    """The taxonomy in that text, which the sentence calls `source`. Raises `JudgeError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise JudgeError(f"{source}: this is not TOML: {error}") from None
    wrong = next(_problems(document), None)
    if wrong is not None:
        raise JudgeError(f"{source}: {wrong}")
    return Taxonomy(document["name"].strip(), tuple(map(_label, document["labels"])))


def _label(entry: Mapping[str, Any]) -> Label:
    name, title, definition = (" ".join(entry[field].split()) for field in ("name", "title", "definition"))
    return Label(name, title, definition, tuple(entry.get("keywords", ())))


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for field in document:
        if field not in ("name", "labels"):
            yield f"there is no field {field!r} in a taxonomy; there are: name, labels"
    if not _is_text(document.get("name"), MOST_TITLE):
        yield f"name must be text of 1 to {MOST_TITLE} characters, not {_shown(document.get('name'))}"
    entries = document.get("labels")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_LABELS:
        yield f"labels must be 1 to {MOST_LABELS} tables [[labels]]"
        return
    names: set[str] = set()
    titles: set[str] = set()
    for place, entry in enumerate(entries, 1):
        yield from (f"label {place}: {problem}" for problem in _label_problems(entry))
        for field, seen in (("name", names), ("title", titles)):
            said = " ".join(entry[field].split())
            if said in seen:
                yield f"label {place}: there is another label with the {field} {_shown(said)}"
            seen.add(said)


def _label_problems(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"must be a table, not {_shown(entry)}"
        return
    for field in entry:
        if field not in _FIELDS:
            yield f"there is no field {field!r} in a label; there are: {', '.join(_FIELDS)}"
    name = entry.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield (
            "name must be 1 to 40 small letters, digits and underscores that begin with a letter, "
            f'like "risk_aversion", not {_shown(name)}'
        )
    for field, most in (("title", MOST_TITLE), ("definition", MOST_DEFINITION)):
        if not _is_text(entry.get(field), most):
            yield f"{field} must be text of 1 to {most} characters, not {_shown(entry.get(field))}"
    keywords = entry.get("keywords", [])
    if not isinstance(keywords, list) or not all(_is_text(word, MOST_TITLE) and word.strip("~* ") for word in keywords):
        yield f"keywords must be a list of words, not {_shown(keywords)}"


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= most


def _shown(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


PUBLISHED = Taxonomy(
    "published",
    (
        Label(
            "utility",
            "Individual utility maximization",
            "The player picks what pays itself best. Its own points decide; what others get matters only as far as "
            "it changes that.",
            ("maximize my", "maximise my", "my payoff", "my own payoff", "my expected", "highest payoff", "own total"),
        ),
        Label(
            "equilibrium",
            "Strategic equilibrium focus",
            "The player reasons as a textbook of game theory would: best replies, dominant or dominated actions, "
            "equilibria, backward induction.",
            ("equilibri*", "dominant", "dominate*", "dominated", "best response*", "best repl*", "backward induction"),
        ),
        Label(
            "welfare",
            "Social welfare maximization",
            "The player wants the sum over everybody to be large, also where somebody else would be the one to gain.",
            ("social welfare", "total welfare", "joint payoff*", "collective*", "group payoff", "everyone benefits"),
        ),
        Label(
            "inequity",
            "Inequity aversion",
            "The player minds a gap between what it gets and what others get, and acts to close it, whoever is ahead.",
            ("fair", "fairness", "unfair", "inequal*", "inequit*", "equal payoffs", "equal split"),
        ),
        Label(
            "reciprocity",
            "Reciprocity",
            "The player repays what was done before: it is kind to who was kind, or gets back at who was not.",
            ("reciproc*", "tit for tat", "tit-for-tat", "retaliat*", "punish*", "reward their", "in return"),
        ),
        Label(
            "influence",
            "Strategic influence",
            "The player acts in order to change what somebody does later: it builds a name, sends a signal, sets an "
            "incentive, threatens or lures.",
            ("reputation", "signal*", "future cooperation", "encourage*", "incentiv*", "deter*", "induce*"),
        ),
        Label(
            "trust",
            "Trust evaluation",
            "The player asks how far another can be relied on, and lets the verdict decide.",
            ("trust*", "rely on", "reliab*", "history of", "track record", "cooperative history"),
        ),
        Label(
            "rivalry",
            "Competitiveness",
            "The player wants to come out ahead of somebody, even where that does not raise what it gets itself.",
            ("beat the", "outperform*", "more than my opponent", "more than the other player", "win against"),
        ),
        Label(
            "uncertainty",
            "Uncertainty evaluation",
            "The player does not know what another will do, says so, and weighs how likely the possibilities are.",
            ("uncertain*", "unknown", "probability that", "likely to", "do not know", "don't know", "unpredictab*"),
        ),
        Label(
            "norm",
            "Social norm conformity",
            "The player does what is customary or what one is supposed to do, because it is.",
            ("norm", "norms", "social norm*", "convention*", "customary", "expected of"),
        ),
        Label(
            "confusion",
            "Rule misunderstanding",
            "What the player says about rules, payoffs or its own role is wrong, or it says that it cannot tell.",
            ("confus*", "unclear rule*", "not sure how the game", "contradict*"),
        ),
        Label(
            "exploration",
            "Exploration-exploitation trade-off",
            "The player weighs trying something in order to learn against sticking to what has paid so far.",
            ("explor*", "exploit what", "test the", "gather information", "learn about", "experiment*"),
        ),
        Label(
            "risk",
            "Risk aversion",
            "The player takes the choice whose worst case is better, and gives up some expected gain for that.",
            ("risk", "risks", "risky", "safe", "safer", "safest", "worst case", "worst-case", "minimax", "maximin"),
        ),
        Label(
            "legibility",
            "Strategy legibility",
            "The player wants its own conduct to be simple, steady or easy to read, so that others can foresee it.",
            ("predictab*", "consistent", "consistency", "transparent", "easy to read", "clear strategy"),
        ),
        Label(
            "many_sided",
            "Multidimensional reasoning",
            "The player sets several considerations of different kinds against each other instead of working out one.",
            (
                "on the other hand",
                "trade-off*",
                "tradeoff*",
                "balanc*",
                "several factors",
                "multiple factors",
                "however",
            ),
        ),
    ),
)
"""The fifteen published kinds of reasons in our words. The titles are the published names."""
