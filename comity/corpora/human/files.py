"""Tables as others keep them (Parquet, CSV, tab-separated text, R data files), read into frames and nothing more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from warnings import catch_warnings, simplefilter

import pandas as pd

from comity.corpora.errors import CorpusError

READABLE = (".parquet", ".csv", ".txt", ".tsv", ".rda", ".rdata")
INSTALL = "R data files are read with the library rdata; install it with: pip install 'comity[r]'"


@dataclass(frozen=True)
class SourceFile:
    """A file with one table. What cannot be read raises `CorpusError` with the file's name."""

    path: Path

    @cached_property
    def columns(self) -> frozenset[str]:
        """The names of its columns."""
        if self.path.suffix.lower() == ".parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            try:
                schema = pq.read_schema(self.path)
                return frozenset(field.name for field in schema if not pa.types.is_nested(field.type))
            except (OSError, pa.ArrowException) as error:
                raise _unreadable(self.path, error) from error
        if self.path.suffix.lower() in (".rda", ".rdata"):
            return frozenset(self.frame.columns)
        return frozenset(self._text(nrows=0).columns)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The whole table; what stands in text files is text, and an empty field is nothing."""
        match self.path.suffix.lower():
            case ".parquet":
                try:
                    return pd.read_parquet(self.path, columns=sorted(self.columns))
                except (OSError, ValueError) as error:
                    raise _unreadable(self.path, error) from error
            case ".rda" | ".rdata":
                return _from_r(self.path)
            case _:
                return self._text()

    @property
    def digest(self) -> str:
        """The SHA-256 of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def _text(self, nrows: int | None = None) -> pd.DataFrame:
        separator = "," if self.path.suffix.lower() == ".csv" else "\t"
        try:
            with catch_warnings():
                simplefilter("error", pd.errors.ParserWarning)  # fields beyond the last column are not to be dropped
                return pd.read_csv(
                    self.path, sep=separator, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig",
                    index_col=False, nrows=nrows,
                )  # fmt: skip
        except pd.errors.ParserWarning as error:
            raise CorpusError(f"{self.path} cannot be read: its rows have more fields than its first line") from error
        except UnicodeDecodeError as error:
            raise CorpusError(f"{self.path} cannot be read: it is not UTF-8 text") from error
        except pd.errors.EmptyDataError as error:
            raise CorpusError(f"{self.path} is empty") from error
        except (OSError, ValueError) as error:  # a row with too many fields is a ValueError of pandas
            raise _unreadable(self.path, error) from error


def source_files(source: Path) -> Sequence[SourceFile]:
    """The file, or those of a folder that may hold a table, in the order of their names. Raises `CorpusError`."""
    if source.is_file():
        return [SourceFile(source)]
    if not source.is_dir():
        raise CorpusError(f"{source} does not exist")
    found = [
        SourceFile(path) for path in sorted(source.iterdir()) if path.suffix.lower() in READABLE and path.is_file()
    ]
    if not found:
        raise CorpusError(f"{source} holds no table; files that can be read end in {', '.join(READABLE)}")
    return found


def _from_r(path: Path) -> pd.DataFrame:
    """The one data frame of an R data file."""
    try:
        import rdata
    except ImportError as error:
        raise CorpusError(f"{path} cannot be read: {INSTALL}") from error
    try:
        with catch_warnings():
            simplefilter("ignore")  # classes that it does not know stay what they are made of
            found = rdata.read_rda(path)
    except Exception as error:  # whatever is wrong with bytes that are no R data
        raise _unreadable(path, error) from error
    frames = {name: value for name, value in found.items() if isinstance(value, pd.DataFrame)}
    if len(frames) != 1:
        raise CorpusError(f"{path} holds {len(frames)} data frames, where one is expected")
    return next(iter(frames.values())).reset_index(drop=True)


def _unreadable(path: Path, error: Exception) -> CorpusError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return CorpusError(f"{path} cannot be read: {reason[0]}")
