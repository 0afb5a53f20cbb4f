"""The papers behind what a plan uses, and behind what is measured.

Three tables and a join: every reference once, for every entry of the catalogues the references it stands on, and for
every method of evaluation the same. A plugin says its own: an entry with an attribute `references` (a tuple of
`Reference`) is cited with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from comity.records.spec import Cell, Spec
from comity.runs.design import Plan
from comity.runs.fields import Kind, catalogue


@dataclass(frozen=True)
class Reference:
    """One publication. `where` is the journal or publisher with volume and pages as far as there are any."""

    key: str
    authors: str
    year: int
    title: str
    where: str
    kind: str = "article"

    @property
    def text(self) -> str:
        """The reference on one line."""
        return f"{self.authors} ({self.year}). {self.title}. {self.where}."

    @property
    def bibtex(self) -> str:
        """The reference as a BibTeX entry."""
        place = "publisher" if self.kind == "book" else "howpublished" if self.kind == "misc" else "journal"
        fields = {"author": self.authors, "year": str(self.year), "title": f"{{{self.title}}}", place: self.where}
        lines = (f"  {name} = {{{value}}}," for name, value in fields.items())
        return "\n".join((f"@{self.kind}{{{self.key},", *lines, "}"))


_REFERENCES = (
    Reference("hays1963", "Hays, W. L.", 1963, "Statistics for Psychologists", "Holt, Rinehart and Winston", "book"),
    Reference(
        "langsrud2003",
        "Langsrud, Ø.",
        2003,
        "ANOVA for unbalanced data: use Type II instead of Type III sums of squares",
        "Statistics and Computing 13(2), 163-167",
    ),
    Reference(
        "stahl1994",
        "Stahl, D. O. and Wilson, P. W.",
        1994,
        "Experimental evidence on players' models of other players",
        "Journal of Economic Behavior and Organization 25(3), 309-327",
    ),
    Reference(
        "nachbar1992",
        "Nachbar, J. H.",
        1992,
        "Evolution in the finitely repeated prisoner's dilemma",
        "Journal of Economic Behavior and Organization 19(3), 307-326",
    ),
    Reference(
        "boyd1987",
        "Boyd, R. and Lorberbaum, J. P.",
        1987,
        "No pure strategy is evolutionarily stable in the repeated prisoner's dilemma game",
        "Nature 327, 58-59",
    ),
    Reference(
        "arad2012",
        "Arad, A. and Rubinstein, A.",
        2012,
        "The 11–20 money request game: a level-k reasoning study",
        "American Economic Review 102(7), 3561-3573",
    ),
    Reference(
        "akata2025",
        "Akata, E., Schulz, L., Coda-Forno, J., Oh, S. J., Bethge, M. and Schulz, E.",
        2025,
        "Playing repeated games with large language models",
        "Nature Human Behaviour",
    ),
    Reference(
        "axelrod1980",
        "Axelrod, R.",
        1980,
        "Effective choice in the prisoner's dilemma",
        "Journal of Conflict Resolution 24(1), 3-25",
    ),
    Reference("axelrod1984", "Axelrod, R.", 1984, "The Evolution of Cooperation", "Basic Books", "book"),
    Reference(
        "basu1994",
        "Basu, K.",
        1994,
        "The traveler's dilemma: paradoxes of rationality in game theory",
        "American Economic Review 84(2), 391-395",
    ),
    Reference(
        "benjamini1995",
        "Benjamini, Y. and Hochberg, Y.",
        1995,
        "Controlling the false discovery rate: a practical and powerful approach to multiple testing",
        "Journal of the Royal Statistical Society B 57(1), 289-300",
    ),
    Reference(
        "berg1995",
        "Berg, J., Dickhaut, J. and McCabe, K.",
        1995,
        "Trust, reciprocity, and social history",
        "Games and Economic Behavior 10(1), 122-142",
    ),
    Reference(
        "brams1978",
        "Brams, S. J. and Fishburn, P. C.",
        1978,
        "Approval voting",
        "American Political Science Review 72(3), 831-847",
    ),
    Reference("bruns2015", "Bruns, B. R.", 2015, "Names for games: locating 2 × 2 games", "Games 6(4), 495-520"),
    Reference(
        "coopeval2026",
        "Tewolde, E., Zhang, X., Guzman Piedrahita, D., Conitzer, V. and Jin, Z.",
        2026,
        "CoopEval: benchmarking cooperation-sustaining mechanisms and LLM agents in social dilemmas",
        "International Conference on Machine Learning; arXiv:2604.15267",
        "misc",
    ),
    Reference(
        "dalbo2011",
        "Dal Bó, P. and Fréchette, G. R.",
        2011,
        "The evolution of cooperation in infinitely repeated games: experimental evidence",
        "American Economic Review 101(1), 411-429",
    ),
    Reference(
        "efron1979",
        "Efron, B.",
        1979,
        "Bootstrap methods: another look at the jackknife",
        "Annals of Statistics 7(1), 1-26",
    ),
    Reference(
        "farrell1996",
        "Farrell, J. and Rabin, M.",
        1996,
        "Cheap talk",
        "Journal of Economic Perspectives 10(3), 103-118",
    ),
    Reference(
        "fehr2000",
        "Fehr, E. and Gächter, S.",
        2000,
        "Cooperation and punishment in public goods experiments",
        "American Economic Review 90(4), 980-994",
    ),
    Reference(
        "fischbacher2001",
        "Fischbacher, U., Gächter, S. and Fehr, E.",
        2001,
        "Are people conditionally cooperative? Evidence from a public goods experiment",
        "Economics Letters 71(3), 397-404",
    ),
    Reference(
        "freund1999",
        "Freund, Y. and Schapire, R. E.",
        1999,
        "Adaptive game playing using multiplicative weights",
        "Games and Economic Behavior 29(1-2), 79-103",
    ),
    Reference(
        "friedman1971",
        "Friedman, J. W.",
        1971,
        "A non-cooperative equilibrium for supergames",
        "Review of Economic Studies 38(1), 1-12",
    ),
    Reference(
        "fudenberg2012",
        "Fudenberg, D., Rand, D. G. and Dreber, A.",
        2012,
        "Slow to anger and fast to forgive: cooperation in an uncertain world",
        "American Economic Review 102(2), 720-749",
    ),
    Reference(
        "granovetter1978",
        "Granovetter, M.",
        1978,
        "Threshold models of collective behavior",
        "American Journal of Sociology 83(6), 1420-1443",
    ),
    Reference(
        "haupt2024",
        "Haupt, A., Christoffersen, P., Damani, M. and Hadfield-Menell, D.",
        2024,
        "Formal contracts mitigate social dilemmas in multi-agent reinforcement learning",
        "Autonomous Agents and Multi-Agent Systems 38",
    ),
    Reference(
        "holm1979",
        "Holm, S.",
        1979,
        "A simple sequentially rejective multiple test procedure",
        "Scandinavian Journal of Statistics 6(2), 65-70",
    ),
    Reference("kish1965", "Kish, L.", 1965, "Survey Sampling", "Wiley", "book"),
    Reference(
        "korn1998",
        "Korn, E. L. and Graubard, B. I.",
        1998,
        "Confidence intervals for proportions with small expected number of positive counts estimated from survey data",
        "Survey Methodology 24(2), 193-201",
    ),
    Reference(
        "kuhn1953",
        "Kuhn, H. W.",
        1953,
        "Extensive games and the problem of information",
        "Contributions to the Theory of Games II, Princeton University Press, 193-216",
    ),
    Reference(
        "ledyard1995",
        "Ledyard, J. O.",
        1995,
        "Public goods: a survey of experimental research",
        "Handbook of Experimental Economics, Princeton University Press, 111-194",
    ),
    Reference(
        "leimar2001",
        "Leimar, O. and Hammerstein, P.",
        2001,
        "Evolution of cooperation through indirect reciprocity",
        "Proceedings of the Royal Society B 268, 745-753",
    ),
    Reference("luce1957", "Luce, R. D. and Raiffa, H.", 1957, "Games and Decisions", "Wiley", "book"),
    Reference(
        "macy2002",
        "Macy, M. W. and Flache, A.",
        2002,
        "Learning dynamics in social dilemmas",
        "Proceedings of the National Academy of Sciences 99(suppl. 3), 7229-7236",
    ),
    Reference(
        "marris2025",
        "Marris, L., Liu, S., Gemp, I., Piliouras, G. and Lanctot, M.",
        2025,
        "Deviation ratings: a general, clone-invariant rating method",
        "arXiv:2502.11645",
        "misc",
    ),
    Reference(
        "mogstad2024",
        "Mogstad, M., Romano, J. P., Shaikh, A. M. and Wilhelm, D.",
        2024,
        "Inference for ranks with applications to mobility across neighbourhoods and academic achievement across "
        "countries",
        "Review of Economic Studies 91(1), 476-518",
    ),
    Reference(
        "monderer2009",
        "Monderer, D. and Tennenholtz, M.",
        2009,
        "Strong mediated equilibrium",
        "Artificial Intelligence 173(1), 180-195",
    ),
    Reference(
        "nagel1995",
        "Nagel, R.",
        1995,
        "Unraveling in guessing games: an experimental study",
        "American Economic Review 85(5), 1313-1326",
    ),
    Reference(
        "nash1950",
        "Nash, J. F.",
        1950,
        "Equilibrium points in n-person games",
        "Proceedings of the National Academy of Sciences 36(1), 48-49",
    ),
    Reference(
        "nowak1990",
        "Nowak, M. A. and Sigmund, K.",
        1990,
        "The evolution of stochastic strategies in the prisoner's dilemma",
        "Acta Applicandae Mathematicae 20, 247-265",
    ),
    Reference(
        "grujic2010",
        "Grujić, J. and Fosco, C. and Araujo, L. and Cuesta, J. A. and Sánchez, A.",
        2010,
        "Social experiments in the mesoscale: humans playing a spatial prisoner's dilemma",
        "PLoS ONE 5(11), e13749",
    ),
    Reference(
        "gracialazaro2012",
        "Gracia-Lázaro, C. and Ferrer, A. and Ruiz, G. and Tarancón, A. and Cuesta, J. A. and Sánchez, A. "
        "and Moreno, Y.",
        2012,
        "Heterogeneous networks do not promote cooperation when humans play a prisoner's dilemma",
        "Proceedings of the National Academy of Sciences 109(32), 12922-12926",
    ),
    Reference(
        "fosdick2018",
        "Fosdick, B. K. and Larremore, D. B. and Nishimura, J. and Ugander, J.",
        2018,
        "Configuring random graph models with fixed degree sequences",
        "SIAM Review 60(2), 315-355",
    ),
    Reference(
        "ezaki2016",
        "Ezaki, T. and Horita, Y. and Takezawa, M. and Masuda, N.",
        2016,
        "Reinforcement learning explains conditional cooperation and its moody cousin",
        "PLoS Computational Biology 12(7), e1005034",
    ),
    Reference(
        "schlag1998",
        "Schlag, K. H.",
        1998,
        "Why imitate, and if so, how? A boundedly rational approach to multi-armed bandits",
        "Journal of Economic Theory 78(1), 130-156",
    ),
    Reference(
        "nowak1992a", "Nowak, M. A. and May, R. M.", 1992, "Evolutionary games and spatial chaos", "Nature 359, 826-829"
    ),
    Reference(
        "nowak1992b",
        "Nowak, M. A. and Sigmund, K.",
        1992,
        "Tit for tat in heterogeneous populations",
        "Nature 355, 250-253",
    ),
    Reference(
        "nowak1993",
        "Nowak, M. A. and Sigmund, K.",
        1993,
        "A strategy of win-stay, lose-shift that outperforms tit-for-tat in the prisoner's dilemma game",
        "Nature 364, 56-58",
    ),
    Reference(
        "nowak1998",
        "Nowak, M. A. and Sigmund, K.",
        1998,
        "Evolution of indirect reciprocity by image scoring",
        "Nature 393, 573-577",
    ),
    Reference(
        "pacheco2006",
        "Pacheco, J. M., Santos, F. C. and Chalub, F. A. C. C.",
        2006,
        "Stern-judging: a simple, successful norm which promotes cooperation under indirect reciprocity",
        "PLoS Computational Biology 2(12), e178",
    ),
    Reference(
        "piepho2004",
        "Piepho, H.-P.",
        2004,
        "An algorithm for a letter-based representation of all-pairwise comparisons",
        "Journal of Computational and Graphical Statistics 13(2), 456-466",
    ),
    Reference(
        "williams1989",
        "Williams, R. J. and Zipser, D.",
        1989,
        "A learning algorithm for continually running fully recurrent neural networks",
        "Neural Computation 1(2), 270-280",
    ),
    Reference(
        "yadav2026",
        "Yadav, A., Black, S. and Sourbut, O.",
        2026,
        "More capable, less cooperative? When LLMs fail at zero-cost collaboration",
        "arXiv:2604.07821",
        "misc",
    ),
    Reference(
        "rapoport1965",
        "Rapoport, A. and Chammah, A. M.",
        1965,
        "Prisoner's Dilemma: A Study in Conflict and Cooperation",
        "University of Michigan Press",
        "book",
    ),
    Reference(
        "rapoport1966",
        "Rapoport, A. and Chammah, A. M.",
        1966,
        "The game of chicken",
        "American Behavioral Scientist 10(3), 10-28",
    ),
    Reference(
        "rapoport1967",
        "Rapoport, A.",
        1967,
        "A note on the index of cooperation for prisoner's dilemma",
        "Journal of Conflict Resolution 11(1), 100-103",
    ),
    Reference(
        "roth1978",
        "Roth, A. E. and Murnighan, J. K.",
        1978,
        "Equilibrium behavior and repeated play of the prisoner's dilemma",
        "Journal of Mathematical Psychology 17(2), 189-198",
    ),
    Reference(
        "robinson2005",
        "Robinson, D. and Goforth, D.",
        2005,
        "The Topology of the 2x2 Games: A New Periodic Table",
        "Routledge",
        "book",
    ),
    Reference(
        "rubinstein1986",
        "Rubinstein, A.",
        1986,
        "Finite automata play the repeated prisoner's dilemma",
        "Journal of Economic Theory 39(1), 83-96",
    ),
    Reference(
        "satterthwaite1946",
        "Satterthwaite, F. E.",
        1946,
        "An approximate distribution of estimates of variance components",
        "Biometrics Bulletin 2(6), 110-114",
    ),
    Reference(
        "sefton2007",
        "Sefton, M., Shupp, R. and Walker, J. M.",
        2007,
        "The effect of rewards and sanctions in provision of public goods",
        "Economic Inquiry 45(4), 671-690",
    ),
    Reference(
        "selten1975",
        "Selten, R.",
        1975,
        "Reexamination of the perfectness concept for equilibrium points in extensive games",
        "International Journal of Game Theory 4, 25-55",
    ),
    Reference(
        "skyrms2004",
        "Skyrms, B.",
        2004,
        "The Stag Hunt and the Evolution of Social Structure",
        "Cambridge University Press",
        "book",
    ),
    Reference(
        "steiger2004",
        "Steiger, J. H.",
        2004,
        "Beyond the F test: effect size confidence intervals and tests of close fit in the analysis of variance and "
        "contrast analysis",
        "Psychological Methods 9(2), 164-182",
    ),
    Reference(
        "sugden1986", "Sugden, R.", 1986, "The Economics of Rights, Co-operation and Welfare", "Blackwell", "book"
    ),
    Reference(
        "vonneumann1928",
        "von Neumann, J.",
        1928,
        "Zur Theorie der Gesellschaftsspiele",
        "Mathematische Annalen 100, 295-320",
    ),
    Reference(
        "vonneumann1944",
        "von Neumann, J. and Morgenstern, O.",
        1944,
        "Theory of Games and Economic Behavior",
        "Princeton University Press",
        "book",
    ),
    Reference(
        "welch1947",
        "Welch, B. L.",
        1947,
        "The generalization of 'Student's' problem when several different population variances are involved",
        "Biometrika 34(1-2), 28-35",
    ),
    Reference(
        "wilson1927",
        "Wilson, E. B.",
        1927,
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association 22(158), 209-212",
    ),
)
REFERENCES = {reference.key: reference for reference in _REFERENCES}

SOURCES: dict[Kind, dict[str, tuple[str, ...]]] = {
    "games": {
        "prisoners_dilemma": ("rapoport1965", "coopeval2026"),
        "weak_prisoners_dilemma": ("nowak1992a", "grujic2010"),
        "public_goods": ("ledyard1995", "coopeval2026"),
        "travellers_dilemma": ("basu1994", "coopeval2026"),
        "trust_game": ("berg1995", "coopeval2026"),
        "trust_game_sequential": ("berg1995",),
        "stag_hunt": ("skyrms2004", "coopeval2026"),
        "chicken": ("rapoport1966",),
        "battle_of_the_sexes": ("luce1957", "akata2025"),
        "matching_pennies": ("vonneumann1928", "coopeval2026"),
        "ordinal": ("robinson2005", "bruns2015", "macy2002", "akata2025"),
        "matrix": (),
        "symmetric": (),
        "exchange": ("yadav2026",),
        "exchange_compat": ("yadav2026",),
    },
    "mechanisms": {
        "repetition": ("coopeval2026",),
        "random_continuation": ("roth1978",),
        "reputation_first_order": ("nowak1998", "coopeval2026"),
        "reputation": ("leimar2001", "coopeval2026"),
        "mediation": ("monderer2009", "brams1978", "coopeval2026"),
        "contracting": ("haupt2024", "brams1978", "coopeval2026"),
        "cheap_talk": ("farrell1996",),
        "sanctions": ("fehr2000", "sefton2007"),
        "execution_noise": ("selten1975",),
        "monitoring_noise": ("nowak1993",),
        "network": ("nowak1992a",),
        "network_per_edge": ("nowak1992a",),
        "neighbourhood": ("nowak1992a", "grujic2010", "gracialazaro2012", "fosdick2018"),
        "rescaling": ("vonneumann1944",),
        "prediction": ("akata2025",),
        "observation": ("akata2025",),
        "forced": ("williams1989",),
        "belief": ("akata2025", "fudenberg2012"),
        "personas": (),
        "presentation": ("akata2025",),
        "automation": ("yadav2026",),
        "visibility": ("yadav2026",),
        "instruction": ("yadav2026",),
        "transfer_bonus": ("yadav2026",),
        "strategic_form": ("kuhn1953",),
    },
    "agents": {
        "always": ("akata2025",),
        "always_cooperate": ("axelrod1984",),
        "always_defect": ("axelrod1984",),
        "random": ("axelrod1980",),
        "tit_for_tat": ("axelrod1980",),
        "suspicious_tit_for_tat": ("boyd1987",),
        "generous_tit_for_tat": ("nowak1992b",),
        "two_tits_for_tat": ("axelrod1984",),
        "tit_for_two_tats": ("axelrod1984",),
        "hard_tit_for_tat": ("akata2025",),
        "reverse_tit_for_tat": ("nachbar1992",),
        "grim": ("friedman1971",),
        "win_stay_lose_shift": ("nowak1993",),
        "alternate": ("axelrod1984",),
        "defect_once": ("akata2025",),
        "naive_prober": ("axelrod1984",),
        "memory_one": ("nowak1990",),
        "automaton": ("rubinstein1986",),
        "image_scoring": ("nowak1998",),
        "standing": ("sugden1986", "leimar2001"),
        "stern_judging": ("pacheco2006",),
        "threshold_contributor": ("granovetter1978",),
        "conditional_contributor": ("fischbacher2001",),
        "moody": ("grujic2010",),
        "persistent": (),
        "individual": (),
        "aspiration": ("macy2002", "ezaki2016"),
        "imitator": ("nowak1992a", "schlag1998"),
        "trading": ("rapoport1967",),
        "level_k": ("stahl1994", "nagel1995", "arad2012"),
        "undercut": ("basu1994",),
        "noisy": ("selten1975",),
        "composed": (),
        "exchanger": ("yadav2026",),
        "assisted": ("yadav2026",),
        "rational": ("nash1950", "kuhn1953"),
        "best_reply_to_prediction": ("akata2025",),
    },
}
"""For every entry of the catalogues the keys of its references; what is general (any matrix, say) has none."""

METHODS: dict[str, tuple[str, ...]] = {
    "factors": ("langsrud2003", "hays1963", "steiger2004"),
    "scores": ("coopeval2026",),
    "fitness": ("coopeval2026", "freund1999"),
    "ratings": ("marris2025",),
    "intervals": ("satterthwaite1946", "welch1947"),
    "resampling": ("efron1979",),
    "pairs": ("holm1979", "benjamini1995"),
    "ranks": ("mogstad2024", "piepho2004"),
    "rounds": ("nowak1990", "dalbo2011", "wilson1927", "kish1965", "korn1998"),
}
"""For every method of evaluation the keys of its references."""


def cited(plan: Plan) -> Iterator[Reference]:
    """Every reference behind a plan, each once, in the order of games, mechanisms and agents."""
    return behind(plan.cells, [strategy for _, strategy in plan.agents])


def behind(cells: Iterable[Cell], strategies: Iterable[Spec] = ()) -> Iterator[Reference]:
    """Every reference behind these, each once, in the order of games, mechanisms and strategies."""
    found = (references_of(kind, spec.name) for kind, spec in _specs(tuple(cells), strategies))
    return iter({reference.key: reference for references in found for reference in references}.values())


def references_of(kind: Kind, name: str) -> Iterable[Reference]:
    """What an entry of a catalogue stands on."""
    if name in SOURCES[kind]:
        return (REFERENCES[key] for key in SOURCES[kind][name])
    return getattr(catalogue(kind)[name], "references", ())


def _specs(cells: Sequence[Cell], strategies: Iterable[Spec]) -> Iterator[tuple[Kind, Spec]]:
    for cell in cells:
        yield "games", cell.game
    for cell in cells:
        for mechanism in cell.stack:
            yield "mechanisms", mechanism
    for strategy in strategies:
        yield "agents", strategy
