"""Judging: what is asked, asked again, kept and never paid for twice, and what stays unread."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from comity.judge.errors import JudgeError
from comity.judge.estimate import estimated
from comity.judge.human import human_labels
from comity.judge.judging import HUMAN, Judge, ModelJudge, Progress, Questions, judge_all, sampled, wanted
from comity.judge.keeping import FILE_NAME, Judged, Judgements, Replies, Terms
from comity.judge.marks import Rater, joined, marks_of
from comity.judge.prevalence import Corrected, prevalences
from comity.judge.reading import Verdict
from comity.judge.reason import Reason, checked
from comity.judge.scripted import Scripted, keywords
from comity.llm import secrets
from comity.llm.client import Client, Traffic
from comity.llm.errors import OutOfMoney, TimedOut
from comity.llm.ledger import Ledger
from comity.llm.limits import Limits
from comity.llm.request import Completion, Request, Settings
from comity.llm.retry import Retries
from tests.judge.conftest import TERMS, THREE, reasons
from tests.judge.endpoints import PRICE, Model, answering, erring, labelled, material

QUICK = Traffic(Limits(in_flight=8, patience=60), Retries(deadline=0.2))

SHORT = Settings(max_tokens=500)


def by_word(request: Request) -> Completion:
    return labelled(*(name for name in THREE.names if name in material(request)))


def judge(
    folder: Path,
    models: Sequence[Model],
    *,
    passes: int = 1,
    every: Sequence[Reason] | None = None,
    cap: float | None = None,
    others: Sequence[Judge] = (),
    settings: Settings = SHORT,
    watch: Callable[[Progress], None] | None = None,
) -> Progress:
    """Judge into a folder, as the command does: begun or gone on with."""
    found = list(checked(reasons() if every is None else every, "reason", "test"))

    async def run(file: Judgements) -> Progress:
        client = Client(Replies(file), Ledger(cap, file.spent()[1]), QUICK)
        judges: list[Judge] = [*others]
        judges += [ModelJudge(Questions(model.name, THREE, settings=settings), model, client) for model in models]
        tasks = wanted(file.judged(), found, [one.name for one in judges], passes)
        try:
            return await judge_all(file, tasks, judges, watch=watch)
        finally:
            await client.close()

    there = (folder / FILE_NAME).exists()
    with Judgements.open(folder, writable=True) if there else Judgements.create(folder, TERMS) as file:
        file.agree(TERMS)
        file.add(found)
        return asyncio.run(run(file))


def kept(folder: Path) -> list[Judged]:
    with Judgements.open(folder) as file:
        return list(file.judged())


def test_reasons_are_judged_and_kept(tmp_path: Path) -> None:
    told: list[Progress] = []
    model = Model(by_word)
    progress = judge(tmp_path, [model], passes=2, watch=told.append)
    assert (progress.done, progress.total, progress.unread) == (24, 24, 0)
    assert [one.done for one in told] == list(range(1, 25))
    found = {(one.id, one.number): one for one in kept(tmp_path)}
    assert found["r0", 1] == Judged("r0", "test:model", 1, ("alpha",), 0.9)
    assert found["r1", 2].labels == ("beta",)
    assert found["r2", 1].labels == ("alpha", "beta")
    assert len(model.sent) == len({request.digest for request in model.sent}) == 24
    turned = [
        request
        for request in model.sent
        if request.messages[0].text.index("never:") < request.messages[0].text.index("alpha:")
    ]
    assert len(turned) == 12, "every second pass lists the labels in reverse"


def test_nothing_is_asked_twice_and_more_can_be_asked_later(tmp_path: Path) -> None:
    judge(tmp_path, [Model(by_word)])
    again, other = Model(by_word), Model(by_word, "test:other")
    assert judge(tmp_path, [again]).total == 0
    assert judge(tmp_path, [again, other], passes=2).total == 12 + 24
    assert (len(again.sent), len(other.sent)) == (12, 24)
    with Judgements.open(tmp_path) as file:
        calls, spent = file.spent()
    assert (calls, round(spent, 9)) == (48, round(48 * 0.00018, 9))


def test_a_bad_answer_is_asked_again_with_the_reason_and_then_read(tmp_path: Path) -> None:
    def once(request: Request) -> Completion:
        return by_word(request) if "could not be used" in request.messages[-1].text else answering("Surely alpha.")

    model = Model(once)
    assert judge(tmp_path, [model]).unread == 0
    assert len(model.sent) == 24
    assert all(one.labels for one in kept(tmp_path))
    second = next(request for request in model.sent if "could not be used" in request.messages[-1].text)
    assert "it is not one JSON object and nothing else" in second.messages[-1].text
    assert '"Surely alpha."' in second.messages[-1].text
    assert len(second.messages) == 2


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (answering("no"), "malformed"),
        (labelled("other"), "illegal"),
        (replace(labelled("alpha"), finish="length"), "truncated"),
        (replace(labelled("alpha"), finish="filter"), "filtered"),
    ],
)
def test_what_stays_bad_stays_unread_and_is_no_label(tmp_path: Path, answer: Completion, cause: str) -> None:
    model = Model(lambda request: answer)
    assert judge(tmp_path, [model]).unread == 12
    assert len(model.sent) == 12 * 4, "asked once and again three times"
    assert {(one.labels, one.cause) for one in kept(tmp_path)} == {(None, cause)}
    with Judgements.open(tmp_path) as file:
        marks = marks_of(file)
    assert marks.unread == {("test:model", cause): 12}
    assert np.isnan(marks.presence).all()
    assert not len(marks.read.reasons)
    assert judge(tmp_path, [model]).total == 0, "the same answers would come from the store"


def test_a_call_without_an_answer_is_tried_again_when_resumed(tmp_path: Path) -> None:
    def never(request: Request) -> Completion:
        raise TimedOut("No answer came in time.")

    assert judge(tmp_path, [Model(never)], every=reasons(2)).unread == 2
    assert {one.cause for one in kept(tmp_path)} == {"timeout"}
    assert judge(tmp_path, [Model(by_word)], every=reasons(2)).done == 2
    assert all(one.labels for one in kept(tmp_path))


def test_the_cap_ends_it_with_everything_kept(tmp_path: Path) -> None:
    model = Model(by_word)
    with pytest.raises(OutOfMoney, match="The cap of"):
        judge(tmp_path, [model], every=reasons(60), cap=0.01)
    done = len(kept(tmp_path))
    assert 0 < done < 60
    with Judgements.open(tmp_path) as file:
        calls, spent = file.spent()
    assert calls == done
    assert spent <= 0.01
    with pytest.raises(OutOfMoney):
        judge(tmp_path, [Model(by_word)], every=reasons(60), cap=spent)
    later = Model(by_word)
    judge(tmp_path, [later], every=reasons(60))
    assert len(later.sent) == 60 - done


def test_other_terms_texts_and_settings_are_refused(tmp_path: Path) -> None:
    judge(tmp_path, [Model(by_word)])
    with pytest.raises(JudgeError, match=r"judgements already: go on with them \(--resume\)"):
        Judgements.create(tmp_path, TERMS)
    with Judgements.open(tmp_path, writable=True) as file:
        with pytest.raises(JudgeError, match=r"other terms \(the taxonomy differs\)"):
            file.agree(replace(TERMS, taxonomy=replace(THREE, name="four")))
        with pytest.raises(JudgeError, match=r"other terms \(the context differs\)"):
            file.agree(replace(TERMS, level="game"))
        with pytest.raises(JudgeError, match="'r0' was judged with another text"):
            file.add([replace(reasons(1)[0], text="other")])
        with pytest.raises(JudgeError, match="another process is writing"):
            Judgements.open(tmp_path, writable=True)
    with pytest.raises(JudgeError, match="test:model has judged with other settings before"):
        judge(tmp_path, [Model(by_word)], settings=Settings(max_tokens=500, temperature=0.5))
    with pytest.raises(JudgeError, match="holds no judgements"):
        Judgements.open(tmp_path / "elsewhere")


def test_names_of_judges_differ(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match="'test:model' is named twice"):
        judge(tmp_path, [Model(by_word), Model(by_word)])
    with pytest.raises(JudgeError, match="no judge may be called 'human'"):
        judge(tmp_path, [], others=[Scripted(HUMAN, THREE, lambda text: ())])


def test_damage_is_found(tmp_path: Path) -> None:
    judge(tmp_path, [Model(by_word)])
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute("UPDATE verdicts SET labels = '[\"never\"]' WHERE id = 'r3'")
    database.close()
    with pytest.raises(JudgeError, match="is damaged: a judgement is not what was written"):
        kept(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"nothing of the kind, but long enough to be looked at" * 20)
    with pytest.raises(JudgeError, match="the file is damaged"):
        Judgements.open(tmp_path)


def test_a_key_that_a_model_echoes_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_TEST_API_KEY", "sk-planted-0123456789abcdef")
    assert secrets.key("JUDGE_TEST_API_KEY")  # as an endpoint does when it is made
    judge(tmp_path, [Model(lambda request: answering("your key is sk-planted-0123456789abcdef"))])
    for file in tmp_path.iterdir():
        assert b"sk-planted" not in file.read_bytes(), file.name


def test_scripted_judges_cost_nothing_and_know_the_labels(tmp_path: Path) -> None:
    judge(tmp_path, [], others=[keywords(THREE)])
    found = {one.id: one.labels for one in kept(tmp_path)}
    assert found["r0"] == ("alpha",)
    assert found["r1"] == ("beta",), "betas begins with beta"
    with pytest.raises(JudgeError, match="no label of the taxonomy 'three' has any"):
        keywords(replace(THREE, labels=tuple(replace(label, keywords=()) for label in THREE.labels)))
    with pytest.raises(ValueError, match="names labels there are not: gamma"):
        asyncio.run(Scripted("x", THREE, lambda text: ("gamma",)).judge(reasons(1)[0], 1))
    assert asyncio.run(keywords(THREE).judge(Reason("x", "ALPHA, alphabet"), 1)) == Verdict(("alpha",))
    assert asyncio.run(keywords(THREE).judge(Reason("x", "alphabet"), 1)) == Verdict(())


def test_samples_are_nested_and_do_not_depend_on_the_order() -> None:
    every = reasons(50)
    small, large = sampled(every, 10), sampled(every, 30)
    assert len(small) == 10
    assert set(small) <= set(large)
    assert set(sampled(every[::-1], 10)) == set(small)
    assert [every.index(one) for one in large] == sorted(every.index(one) for one in large)
    assert sampled(every, None) == sampled(every, 50) == every


def test_reasons_without_what_a_level_shows_are_refused() -> None:
    bare = Reason("x", "because")
    assert list(checked([bare], "reason", "f")) == [bare]
    with pytest.raises(JudgeError, match=r"^f: the context 'game' shows rules, .* nothing is known about: rules$"):
        list(checked([bare], "game", "f"))
    with pytest.raises(JudgeError, match="an id of its own; 'x' is not"):
        list(checked([bare, bare], "reason", "f"))
    with pytest.raises(JudgeError, match="the reason 'x' has no text"):
        list(checked([Reason("x", " \n")], "reason", "f"))


def test_the_estimate_counts_what_is_left() -> None:
    found = reasons()
    priced, free = Questions("test:model", THREE, settings=Settings(max_tokens=100)), Questions("test:free", THREE)
    tasks = wanted((), found, ["test:model", "test:free", "keywords"], 2)
    [one, other] = estimated(tasks, [priced, free], lambda name: PRICE if name == "test:model" else None)
    assert (one.judge, one.calls, one.output) == ("test:model", 24, (24 * 30.0, 24 * 100.0))
    size = sum(priced.request(reason, number).size for reason in found for number in (1, 2))
    assert one.input == (size / 5, size / 2.5)
    assert one.cost == pytest.approx(((size / 5 + 4 * 720) / 1e6, (size / 2.5 + 4 * 2400) / 1e6))
    assert (other.judge, other.cost) == ("test:free", None)
    left = wanted([Judged("r0", "test:model", 1, ())], found, ["test:model"], 1)
    assert estimated(left, [priced], lambda name: None)[0].calls == 11


def test_people_are_read(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("\ufeffid,labels,who\nr0,beta; alpha,ann\nr1,,ann\n", encoding="utf-8")
    assert list(human_labels(table, THREE, {"r0", "r1"})) == [
        Judged("r0", HUMAN, 1, ("alpha", "beta")),
        Judged("r1", HUMAN, 1, ()),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,label\n", "need the columns id, labels; labels is missing"),
        ("", "need the columns id, labels; id and labels are missing"),
        ("id,labels\nr9,alpha\n", "line 2: there is no reason with the id 'r9'"),
        ("id,labels\nr0,alpha\nr0,\n", "line 3: the reason 'r0' stands there twice"),
        ("id,labels\nr0,alfa\n", "line 2: there is no label 'alfa'; there are: alpha, beta, never"),
        ("id,labels\nr0\n", "line 2: an entry is missing"),
    ],
)
def test_what_is_wrong_with_what_people_wrote(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    with pytest.raises(JudgeError, match=sentence):
        list(human_labels(tmp_path / "people.csv", THREE, {"r0"}))


def planted(number: int) -> list[Reason]:
    """Reasons of which three in ten say alpha and one in ten beta."""
    rng = np.random.default_rng(31)
    said = [" ".join(name for name, p in (("alpha", 0.3), ("beta", 0.1)) if rng.random() < p) for _ in range(number)]
    return [Reason(f"p{place}", f"because {words} {place}", match=f"m{place // 2}") for place, words in enumerate(said)]


def test_judges_with_planted_accuracy_lead_back_to_the_truth(tmp_path: Path) -> None:
    every = planted(2_000)
    true = {reason.id: tuple(name for name in THREE.names if name in reason.text.split()) for reason in every}
    models = [Model(erring(THREE, 0.95, 0.7), "test:one"), Model(erring(THREE, 0.5, 0.97, 1), "test:two")]
    judge(tmp_path, models, every=every)
    with Judgements.open(tmp_path, writable=True) as file:
        for reason in sampled(every, 400):
            file.keep(Judged(reason.id, HUMAN, 1, true[reason.id]))
        marks = marks_of(file)
    assert marks.raters == (Rater("test:one", 1), Rater("test:two", 1), Rater(HUMAN, 1))
    for model in models:
        found = prevalences(marks, model.name)
        for name in ("alpha", "beta"):
            share, one = sum(name in labels for labels in true.values()) / 2_000, found[name]
            assert isinstance(one, Corrected)
            assert one.low <= share <= one.high
            assert abs(one.value - share) < abs(one.apparent - share)


def test_files_are_joined_only_under_equal_terms(tmp_path: Path) -> None:
    for name in ("a", "b"):
        judge(tmp_path / name, [Model(by_word, f"test:{name}")], every=reasons(4))
    files = {}
    for name in ("a", "b"):
        with Judgements.open(tmp_path / name) as file:
            files[name] = marks_of(file)
    both = joined(files)
    assert len(both.reasons) == 8
    assert both.judges == ("test:a", "test:b")
    assert not set(both.reasons["match"][:4]) & set(both.reasons["match"][4:])
    assert not np.isnan(both.presence).any()
    other = replace(files["b"], terms=Terms(THREE, "game", "elsewhere"))
    with pytest.raises(JudgeError, match="different terms"):
        joined({"a": files["a"], "b": other})


KILLED = """
import sys, os, asyncio
from pathlib import Path
from tests.judge.test_judging import judge, by_word
from tests.judge.conftest import reasons
from tests.judge.endpoints import Model
asked = 0
def dying(request):
    global asked
    asked += 1
    if asked > int(sys.argv[2]):
        os._exit(9)
    return by_word(request)
judge(Path(sys.argv[1]), [Model(dying)], every=reasons(40))
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 9, 17, 32, 39])
def test_killed_in_the_middle_it_goes_on_without_asking_again(tmp_path: Path, after: int) -> None:
    script = tmp_path / "script.py"
    script.write_text(KILLED, encoding="utf-8")
    checkout = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": checkout}
    ended = subprocess.run([sys.executable, str(script), str(tmp_path / "a"), str(after)], env=environment, check=False)
    assert ended.returncode == 9
    with Judgements.open(tmp_path / "a") as file:
        calls, _ = file.spent()
    assert after - QUICK.limits.in_flight <= calls <= after  # type: ignore[operator]
    rest = Model(by_word)
    judge(tmp_path / "a", [rest], every=reasons(40))
    assert len(rest.sent) == 40 - calls
    judge(tmp_path / "b", [Model(by_word)], every=reasons(40))
    assert kept(tmp_path / "a") == kept(tmp_path / "b")
