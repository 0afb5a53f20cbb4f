"""`comity judge`, called as a person would."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import comity.cli.judging  # noqa: F401  the command registers itself
from comity.judge.judging import HUMAN
from comity.judge.keeping import FILE_NAME, Judgements
from comity.llm.endpoint import Price
from comity.llm.errors import KeyRefused
from comity.llm.request import Completion, Request
from tests.commands import called
from tests.judge.endpoints import PRICE, Model, answering, labelled
from tests.judge.test_recorded import with_calls
from tests.report.runs import records, write_run
from tests.report.written import write_report

pytestmark = pytest.mark.slow

TAXONOMY = """\
name = "two kinds"
[[labels]]
name = "selfish"
title = "Selfish"
definition = "The player thinks of itself."
keywords = ["my"]
[[labels]]
name = "kind"
title = "Kind <b>& co</b>"
definition = "The player thinks of others."
keywords = ["us", "they"]
"""
HOSTILE = '<script>alert("x")</script>\x1b[31m'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Forty reasons in two games and mechanisms, by agents with hostile names."""
    rows = [
        {
            "id": f"r{place}",
            "text": ("It is all about my payoff, " if place % 3 else "This is good for us, ") + "as I see it " * 8,
            "game": ("chicken", "stag_hunt")[place % 2],
            "mechanism": ("none", "repetition")[place // 20],
            "agent": f"agent {place % 4 // 2} {HOSTILE}",
            "match": f"{place % 2}/{place // 20}/{place // 4}",
        }
        for place in range(40)
    ]
    path = tmp_path / "reasons.parquet"
    pd.DataFrame(rows).to_parquet(path)
    (tmp_path / "kinds.toml").write_text(TAXONOMY, encoding="utf-8")
    return path


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, Model]:
    """Models in this process, by name: "test:good" reads, "test:bad" never answers well, and there is no other key."""

    def good(request: Request) -> Completion:
        return labelled("selfish" if "my payoff" in request.messages[-1].text else "kind")

    found = {"test:good": Model(good, "test:good"), "test:bad": Model(lambda _: answering("no"), "test:bad")}

    def endpoint(
        model: str, *, base_url: str | None = None, key: str | None = None, price: Price | None = None
    ) -> Model:
        if model not in found:
            raise KeyRefused(f"{model} needs a key: the environment variable TEST_KEY is not set.")
        return found[model]

    monkeypatch.setattr("comity.llm.providers.endpoint", endpoint)
    return found


def arguments(file: Path, *more: str) -> list[str]:
    folder = file.parent
    return [
        "judge",
        "--reasons",
        str(file),
        "--out",
        str(folder / "out"),
        "--taxonomy",
        str(folder / "kinds.toml"),
        *more,
    ]


def test_reasons_from_a_file_are_judged_and_told(file: Path, models: dict[str, Model]) -> None:
    ended = called(
        arguments(file, "--model", "test:good", "--model", "keywords", "--model", "test:bad", "--passes", "2")
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "reasons: 40 of 40 answers" in ended.stdout
    assert "judged: 240, of these 80 without a labelling" in ended.stdout
    assert re.search(r"calls: 400, 48,000 tokens, \$0\.0720", ended.stdout)
    page = (file.parent / "out" / "reasons.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "\x1b" not in page
    assert "Kind <b>" not in page
    assert "&lt;script&gt;" in page
    for head in (
        "Share of reasons with each label",
        "Labels by mechanism",
        "Labels by game",
        "Labels by agent",
        "Differences between mechanisms",
        "How far judges agree",
        "Judgements that could not be read",
        "What the order of the labels does to test:good",
    ):
        assert head in page, head


def test_it_goes_on_only_where_it_is_told_to(file: Path, models: dict[str, Model]) -> None:
    assert called(arguments(file, "--model", "test:good", "--limit", "10")).returncode == 0
    again = called(arguments(file, "--model", "test:good"))
    assert again.returncode == 2
    assert "holds judgements already: go on with them (--resume)" in again.stderr
    rest = called(arguments(file, "--model", "test:good", "--resume"))
    assert rest.returncode == 0
    assert len(models["test:good"].sent) == 40


def test_a_dry_run_says_what_it_would_take_and_needs_no_key(file: Path) -> None:
    ended = called(arguments(file, "--model", "openai:gpt-4o", "--dry-run"))
    assert ended.returncode == 0
    assert re.search(r"openai:gpt-4o +40 +[\d,]+ to [\d,]+ +1,200 to 80,000 +\d\.\d\d to \d\.\d\d", ended.stdout)
    own = called(arguments(file, "--model", "x:y", "--input-price", "1", "--output-price", "0", "--dry-run"))
    assert re.search(r"x:y +40 .* 0\.0\d to 0\.\d\d", own.stdout)
    assert "no price is known" in called(arguments(file, "--model", "x:y", "--dry-run")).stdout
    assert not (file.parent / "out").exists()


def test_a_cap_and_a_missing_key_end_it_with_a_sentence(file: Path, models: dict[str, Model]) -> None:
    capped = called(arguments(file, "--model", "test:good", "--cap", "0.009"))
    assert capped.returncode == 3
    assert "The cap of $0.00" in capped.stderr
    assert (
        f"Judging has stopped; what was judged is kept in {file.parent / 'out'}, and --resume with a" in capped.stderr
    )
    with Judgements.open(file.parent / "out") as kept:
        assert kept.spent()[1] <= 0.009
    keyless = called(arguments(file, "--model", "test:none", "--resume"))
    assert "test:good" not in keyless.stderr
    assert keyless.returncode == 2
    assert "test:none needs a key" in keyless.stderr


def refused(file: Path, *more: str) -> str:
    """The one sentence with which judging is refused, before anything is written."""
    ended = called(arguments(file, *more))
    assert ended.returncode == 2
    assert not (file.parent / "out").exists()
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_what_stands_against_asking_is_found_before_anything_is_written(
    file: Path, models: dict[str, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "test:none needs a key" in refused(file, "--model", "test:good", "--model", "test:none")
    assert models["test:good"].sent == []
    dear = refused(file, "--model", "test:good", "--cap", "0.001", "--input-price", "1", "--output-price", "4")
    assert "test:good: the cap ($0.001) is less than one answer may cost ($0.008)" in dear

    async def rejects(self: Model, timeout: float) -> None:
        raise KeyRefused(f"{self.name} does not accept the key.")

    monkeypatch.setattr(Model, "check", rejects)
    assert "test:good does not accept the key" in refused(file, "--model", "test:good")
    monkeypatch.setattr(Model, "refusals", lambda *asked, **more: ["test:good has no temperature."])
    assert "test:good has no temperature" in refused(file, "--model", "test:good", "--temperature", "1")
    monkeypatch.undo()
    assert "has the form" in refused(file, "--model", "foo")
    assert "the provider 'foo' is unknown" in refused(file, "--model", "foo:bar")
    table = file.parent / "people.csv"
    table.write_text("reason,label\n")
    assert "labels of people need the columns id, labels; id and labels are missing" in refused(
        file, "--model", "keywords", "--human", str(table)
    )


def test_where_nothing_could_be_labelled_it_says_why_and_fails(file: Path, models: dict[str, Model]) -> None:
    ended = called(arguments(file, "--model", "test:bad"))
    assert ended.returncode == 1
    assert "judged: 40, of these 40 without a labelling" in ended.stdout
    assert "without a labelling, by cause: 40 malformed\n" in ended.stdout
    assert ended.stderr.startswith("comity: nothing could be labelled: ")
    assert ended.stderr.endswith(" Let another model judge, and try it with --limit first.\n")
    both = called(arguments(file, "--model", "test:bad", "--model", "test:good", "--resume"))
    assert (both.returncode, both.stderr) == (0, "")
    assert "by cause: 40 malformed\n" in both.stdout


def test_a_context_there_is_not_is_told_in_words_of_people(file: Path) -> None:
    said = called(arguments(file, "--model", "keywords", "--context", "all")).stderr
    assert "'all' is not one of 'reason', 'game', 'prompt', 'action'" in said
    assert "Value error" not in said


def test_after_a_missing_key_it_can_be_begun_anew(file: Path, models: dict[str, Model]) -> None:
    assert "needs a key" in called(arguments(file, "--model", "test:none")).stderr
    ended = called(arguments(file, "--model", "test:good", "--context", "game"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "judged: 40" in ended.stdout


def test_people_are_compared(file: Path, models: dict[str, Model]) -> None:
    table = file.parent / "people.csv"
    table.write_text("id,labels\n" + "".join(f"r{n},{'selfish' if n % 3 else 'kind'}\n" for n in range(30)))
    ended = called(arguments(file, "--model", "test:good", "--human", str(table)))
    assert ended.returncode == 0
    with Judgements.open(file.parent / "out") as kept:
        assert sum(one.judge == HUMAN for one in kept.judged()) == 30
    page = (file.parent / "out" / "reasons.html").read_text(encoding="utf-8")
    assert "Shares corrected for the errors of test:good" in page
    assert "People labelled 30 of the reasons." in page


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--model", "x:y", "--reasons", "r.parquet"], "--reasons needs --out"),
        (["--model", "x:y"], "name a run, or a file of reasons with --reasons, and not both"),
        (["somewhere", "--model", "x:y", "--reasons", "r", "--out", "o"], "and not both"),
        (["somewhere"], "--model is missing"),
        (["somewhere", "--model", "x:y"], "somewhere holds no run"),
        (["somewhere", "--model", "x:y", "--input-price", "1"], "given together or not at all"),
        (["--model", "x:y", "--reasons", "nowhere.parquet", "--out", "o"], "there is no such file of reasons"),
    ],
)
def test_wrong_questions_get_a_sentence(more: list[str], sentence: str) -> None:
    ended = called(["judge", *more])
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_report_of_a_run_has_what_was_judged(tmp_path: Path) -> None:
    played = [record for record in records() if record.match.cell.mechanism_label in ("none", "repetition")]
    run = with_calls(tmp_path / "run", played)
    (tmp_path / "kinds.toml").write_text(TAXONOMY.replace('"my"', '"explain"'), encoding="utf-8")
    ended = called(
        ["judge", str(run), "--model", "keywords", "--taxonomy", str(tmp_path / "kinds.toml"), "--shortest", "1"]
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "reasons.html" not in ended.stdout
    page = write_report(run).read_text(encoding="utf-8")
    assert '<h2 id="reasons">' in page
    assert "judged by keywords" in page


def test_other_wrong_things(file: Path, tmp_path: Path) -> None:
    short = called(arguments(file, "--model", "keywords", "--shortest", "1000"))
    assert "none of the 40 answers has 1000 characters" in short.stderr
    level = called(arguments(file, "--model", "keywords", "--context", "prompt"))
    assert "nothing is known about: prompt" in level.stderr
    run = write_run(tmp_path / "run", records()[:3])
    scripts = called(["judge", str(run), "--model", "keywords"])
    assert "no language model has played in this run" in scripts.stderr
    assert not (run / FILE_NAME).exists()
    assert PRICE.input == 1
