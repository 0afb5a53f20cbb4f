"""The pages that the tests of this folder read, each written once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.report.results import Results
from tests.corpora.published import Published
from tests.report.measured import results_of
from tests.report.reading import Element, read
from tests.report.runs import forfeited, records, write_run
from tests.report.written import write_report


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which every match is finished."""
    return write_run(tmp_path_factory.mktemp("whole"), records())


@pytest.fixture(scope="session")
def page(whole: Path) -> str:
    """Its report, as text."""
    return write_report(whole).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def read_page(page: str) -> Element:
    """Its report, as a tree."""
    return read(page)


@pytest.fixture(scope="session")
def published_results(published: Published) -> Iterator[Results]:
    """What is measured of the published records."""
    with results_of(published.run) as results:
        yield results


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Element:
    """The report of a run that was stopped after 60 matches, three of them forfeited."""
    played = [forfeited(record) if record.match.index in (1, 20, 50) else record for record in records()[:60]]
    return read(write_report(write_run(tmp_path_factory.mktemp("broken"), played)).read_text(encoding="utf-8"))
