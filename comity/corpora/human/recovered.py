"""What was recovered from published figures of a networked experiment: series and histograms, nobody's choices.

The figures of Ferraz de Arruda et al. (arXiv 2606.30454, 2026) are vector graphics, from which the number of
cooperators in each round and the histogram of individual rates can be read exactly: of people (Gracia-Lázaro et al.,
2012) and of one run of a language model. People took part in one session per network, and choices of individuals were
not published; so aggregates and the distribution of rates can be compared, the decision rule cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from comity.corpora.human.card import PROTOCOL, Card, Treatment
from comity.corpora.located import Located
from comity.fidelity.observations import Floats
from comity.fidelity.reading import Key

NAME = "recovered"
PEOPLE = "people"
MODEL = "llama4:16x17b"
CONDITIONS = ("lattice", "heterogeneous", "lattice control", "heterogeneous control")


@dataclass(frozen=True)
class Series:
    """What is known of one population in one condition where nothing is known of individuals.

    agents: how many. cooperators: how many cooperated in each round. histogram: how many had a cooperation rate in each
    of as many equal bins of [0, 1]; a bin holds its lower end, the last one its upper end too.
    """

    population: str
    condition: str
    agents: int
    cooperators: tuple[int, ...]
    histogram: tuple[int, ...]

    @property
    def rounds(self) -> int:
        return len(self.cooperators)

    @cached_property
    def trajectory(self) -> Floats:
        """X(t), the share that cooperated in each round: [rounds]."""
        return np.array(self.cooperators) / self.agents

    @cached_property
    def rates(self) -> Floats:
        """A sample with this histogram: [agents], from the lowest rate to the highest.

        A rate is a whole number of rounds over all rounds, and so a bin holds one such value or several. Those of a bin
        are spread evenly over its values; nobody's rate is off by more than the width of a bin. It tells the
        distribution of rates and is no list of individuals.
        """
        rounds, bins = self.rounds, len(self.histogram)
        bin_of = np.minimum(
            np.arange(rounds + 1) * bins // rounds, bins - 1
        )  # in whole numbers: ends of bins are values
        spread = []
        for place, count in enumerate(self.histogram):
            values = np.flatnonzero(bin_of == place)
            spread.append(values[np.arange(count) * len(values) // max(count, 1)] / rounds)
        return np.concatenate(spread)

    def to_json(self) -> dict[str, Any]:
        return {
            "population": self.population,
            "condition": self.condition,
            "agents": self.agents,
            "cooperators": list(self.cooperators),
            "histogram": list(self.histogram),
        }

    @classmethod
    def from_json(cls, entries: Located) -> Series:
        """As `to_json` wrote it. Raises `CorpusError` where it is not, or its numbers contradict each other."""
        found = cls(
            entries["population"].as_a(str),
            entries["condition"].as_a(str),
            entries["agents"].as_a(int),
            tuple(entry.as_a(int) for entry in entries["cooperators"]),
            tuple(entry.as_a(int) for entry in entries["histogram"]),
        )
        for name, counts in (("cooperators", found.cooperators), ("histogram", found.histogram)):
            if not counts or min(counts) < 0 or max(counts) > found.agents:
                raise entries[name].wrong(f"counts must be 0 to {found.agents}, the number of agents")
        if sum(found.histogram) != found.agents:
            raise entries["histogram"].wrong(f"counts {sum(found.histogram)} agents, where there are {found.agents}")
        return found


def recovered() -> dict[Key, Series]:
    """All that was recovered, by population and condition: people and the model, in four conditions each."""
    found = {}
    for (population, condition), (agents, cooperators, histogram) in _RECOVERED.items():
        counts = tuple(map(int, histogram.split()))
        series = Series(
            population,
            condition,
            agents,
            tuple(map(int, cooperators.split())),
            counts + (0,) * (_BINS - len(counts)),
        )
        found[population, condition] = series
    return found


def recovered_card() -> Card:
    """The card of these aggregates."""
    people = {condition: series for (population, condition), series in recovered().items() if population == PEOPLE}
    return Card(
        name=NAME,
        title="People and a language model on two networks, as recovered from published figures",
        kind="aggregates",
        source="arXiv 2606.30454 v1, vector figures of the main text and the supplement",
        licence="numbers recovered from published figures; the figures and the text are not redistributed",
        citation="Ferraz de Arruda et al. (2026), arXiv 2606.30454; the experiment: Gracia-Lázaro et al. (2012), PNAS "
        "109:12922-12926",
        populations=(PEOPLE, MODEL),
        conditions={
            condition: Treatment(
                payoffs={"R": 7.0, "S": 0.0, "T": 10.0, "P": 0.0},
                subjects=series.agents,
                sessions=1,
                rounds=series.rounds,
                decisions=series.agents * series.rounds,
                invalid=0,
                cooperation=float(series.trajectory.mean()),
            )
            for condition, series in people.items()
        },
        subjects=sum(series.agents for condition, series in people.items() if "control" not in condition),
        sessions=1,
        decisions=sum(series.agents * series.rounds for series in people.values()),
        ids=False,
        sessions_known=False,
        links=False,
        missing=(
            "choices of individuals: the decision rule cannot be compared",
            "sessions: every network was played once, so how people differ between sessions is not known",
            "who was whose neighbour",
        ),
        limits=(
            "aggregates only, recovered from published figures: a ceiling from them is a lower bound",
            "individual rates are known up to bins of 1/27",
            "whether choices that the program made after 20 seconds are among them is not known; none are marked",
            "the published model was chosen on these very series: its comparison with them is in-sample",
        ),
        protocol=dict(
            zip(
                PROTOCOL,
                (
                    "own and neighbours' last actions and payoffs, a neighbour's times own degree over its degree",
                    "not announced (51 rounds, 58 in the control)",
                    "20 seconds, then a program chose",
                    "which part people played first is not published; the model began each condition anew",
                    "neutral colours, not counter-balanced as far as is published",
                    "not published",
                    "the experiment was published in 2012",
                ),
                strict=True,
            )
        ),
    )


_BINS = 27
_RECOVERED: dict[Key, tuple[int, str, str]] = {
    (PEOPLE, "lattice"): (
        625,
        "371 328 295 262 300 266 251 242 264 267 246 260 259 256 246 233 241 242 240 227 210 240 224 208 217 211 "
        "219 227 211 217 223 235 203 211 214 219 220 185 195 226 211 213 188 208 195 186 204 182 170 169 196",
        "5 8 21 25 34 51 46 41 35 54 49 40 45 48 41 27 29 4 4 9 4 1 0 0 0 1 3",
    ),
    (PEOPLE, "heterogeneous"): (
        604,
        "382 340 296 293 279 295 274 284 243 277 273 258 256 268 251 260 235 250 257 244 220 235 240 219 247 243 "
        "232 255 236 228 236 224 238 213 230 220 241 220 207 201 213 231 228 204 212 223 198 220 219 219 194",
        "6 4 9 19 23 30 27 39 15 65 60 37 58 63 53 35 27 5 13 7 7 0 0 0 2",
    ),
    (PEOPLE, "lattice control"): (
        625,
        "246 214 195 225 187 178 198 205 191 208 189 180 197 220 191 170 159 184 194 185 201 188 195 178 168 190 "
        "187 191 183 201 167 176 176 185 183 177 204 178 169 163 169 175 184 180 175 166 171 153 158 165 176 160 "
        "159 159 171 174 165 142",
        "66 45 42 45 32 33 50 34 34 33 28 29 28 38 21 15 9 12 11 3 2 1 5 3 4 0 2",
    ),
    (PEOPLE, "heterogeneous control"): (
        604,
        "246 201 199 216 214 202 183 198 195 211 208 204 220 196 211 193 209 204 210 202 195 194 184 219 202 208 "
        "206 190 183 181 172 196 215 188 189 179 179 184 213 196 204 191 179 185 181 181 180 198 176 186 180 186 "
        "156 181 183 180 174 189",
        "53 23 32 32 37 42 53 35 27 25 38 24 27 51 22 21 12 16 9 7 8 2 0 3 1 2 2",
    ),
    (MODEL, "lattice"): (
        625,
        "438 267 189 126 224 267 192 197 145 208 214 191 148 156 166 179 161 191 127 141 182 173 149 176 176 169 "
        "171 200 212 197 167 130 155 197 170 155 180 146 150 174 210 169 186 159 160 191 168 144 187 158 186",
        "0 0 2 8 24 76 108 152 54 111 54 26 6 2 2",
    ),
    (MODEL, "heterogeneous"): (
        604,
        "439 269 251 151 231 210 181 160 180 192 177 174 173 187 172 186 183 188 172 197 158 177 174 176 167 163 "
        "189 171 166 166 210 168 160 219 163 191 199 139 188 195 176 183 205 172 199 179 182 181 174 188 211",
        "2 12 30 41 52 49 62 56 25 53 48 51 38 28 24 10 11 6 5 0 1",
    ),
    (MODEL, "lattice control"): (
        625,
        "451 326 254 170 133 142 123 145 137 175 184 129 135 160 143 113 141 121 111 147 182 161 130 104 119 162 "
        "169 157 106 137 155 123 137 145 168 135 119 154 140 121 115 133 123 135 121 127 137 120 144 142 133 98 136 "
        "159 157 121 132 148",
        "0 0 1 13 48 143 253 103 53 11",
    ),
    (MODEL, "heterogeneous control"): (
        604,
        "462 348 318 283 295 245 210 190 202 228 236 210 216 167 168 212 204 210 197 181 216 216 219 217 202 214 "
        "181 222 182 194 200 181 221 217 210 228 216 205 223 193 183 182 205 208 210 228 229 217 185 193 202 216 "
        "214 239 234 204 190 204",
        "0 0 0 3 10 14 62 57 103 79 87 62 60 47 12 5 1 2",
    ),
}
"""Agents; cooperators by round; agents by rate, in 27 bins (those that are left out at the end are empty)."""
