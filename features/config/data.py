"""The config's `data` section: where the rows are, how they are read, and how they are divided."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from features.fields import FilePaths, Section, Seed, Text, Texts
from features.time_scale import TimeScale

# The fields of a split that are read by each way to divide the rows.
_READ_BY = {
    "row": {"validation", "test", "seed"},
    "hash": {"column", "validation", "test", "seed"},
    "column": {"column", "validation_values", "test_values"},
    "time": {"column", "validation_from", "test_from", "day_first"},
}
TEXT_FORMATS = ("tsv", "csv")  # the other formats say themselves what their columns are
TEXT_FIELDS = ("columns", "header", "delimiter", "quoted", "encoding")  # are read with these formats only


def _as_text(value: object) -> object:
    """A value of the label as Arrow writes it: 1.0 as 1, and true in small letters."""
    # YAML has parsed the value already, but it is compared with the texts of a column.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def _as_texts(values: object) -> object:
    return [_as_text(value) for value in values] if isinstance(values, list) else [_as_text(values)]


# Values of a column, for which a single one, and numbers and truth values may be written.
LabelValues = Annotated[
    list[Text],
    BeforeValidator(_as_texts, json_schema_input_type=Text | float | bool | list[Text | float | bool]),
]


class SplitConfig(Section):
    """How rows of the `train` files become train, validation and test rows."""

    by: Literal["row", "hash", "column", "time"] = Field(
        "row",
        description="What tells a row's split: `row` (a seeded draw for each row), `hash` (a seeded draw for each value of "
        "`column`, so that all rows of a user, say, stay together), `column` (its values name the split) or "
        "`time` (`column` compared with `validation_from` and `test_from`).",
    )
    column: Text | None = Field(None, description="Column that tells the split, for all ways but `row`. It is no feature.")
    validation: float = Field(
        0.1, ge=0, lt=1, description="Share of the rows for validation; 0 makes no such split. For `row` and `hash`."
    )
    test: float = Field(
        0.0, ge=0, lt=1, description="Share of the rows for testing; 0 makes no such split. For `row` and `hash`."
    )
    validation_values: Texts = Field(
        ["validation"], description="Values of `column` in validation rows; an empty list makes no such split. For `column`."
    )
    test_values: Texts = Field(
        ["test"], description="Values of `column` in test rows; an empty list makes no such split. For `column`."
    )
    validation_from: str | float | None = Field(
        None,
        description="Time from which on rows are validation rows: a date or an instant such as `2024-01-31` or "
        "`2024-01-31T12:00:00+01:00` (UTC where it names no zone), or a number, as `column` has them. Values of `column` are "
        "compared with it as times, in whatever common form they are written; rows without a time are train rows. For `time`.",
    )
    test_from: str | float | None = Field(
        None, description="Value of `column` from which on rows are test rows, as `validation_from`. For `time`."
    )
    day_first: bool = Field(False, description="Whether `6/9/2016` in `column` is 6 September, and not June 9. For `time`.")
    seed: Seed = Field(0, description="Seed of the draw. For `row` and `hash`.")

    @model_validator(mode="after")
    def _check_whole(self) -> SplitConfig:
        if self.by != "row" and not self.column:
            raise ValueError(f"a split by {self.by} needs `column`; name the column that tells the split")
        if self.by == "time" and self.validation_from is None and self.test_from is None:
            raise ValueError("a split by time needs `validation_from` or `test_from`")
        for field in type(self).model_fields:
            if self.given(field) and field != "by" and field not in _READ_BY[self.by]:
                raise ValueError(f"`{field}` does nothing in a split by {self.by}; leave it out, or change `by`")
        if self.validation + self.test >= 1:
            raise ValueError("`validation` and `test` leave no rows to train on; their sum must be below 1")
        return self

    @model_validator(mode="after")
    def _check_overlap(self) -> SplitConfig:
        both = sorted(set(self.validation_values) & set(self.test_values))
        if both:
            raise ValueError(f"{both[0]!r} is in `validation_values` and in `test_values`; leave it in one of them")
        # Compared as preprocessing compares the rows: texts letter by letter, so that "9" is after "10".
        start, end = self.validation_from, self.test_from
        scale = self.time_scale
        if scale and start is not None and end is not None and scale.key(start) >= scale.key(end):
            raise ValueError(f"`validation_from` ({start}) is not before `test_from` ({end}), which leaves no validation rows")
        return self

    @property
    def time_scale(self) -> TimeScale | None:
        """How the column is compared with the bounds; None where it is not."""
        bounds = [bound for bound in (self.validation_from, self.test_from) if bound is not None]
        return TimeScale.of(bounds, self.day_first) if bounds else None


class DataConfig(Section):
    """Where the rows are, and how to read them."""

    format: Literal["tsv", "csv", "parquet", "tfrecord"] = Field(description="Format of all files.")
    train: FilePaths = Field(
        description="Paths, folders or globs of the files with train rows, on any filesystem that Beam knows; "
        "`${NAME:-default}` reads the environment. `split` takes validation and test rows from them.",
    )
    validation: FilePaths = Field([], description="Paths or globs of files with validation rows; `split` takes none, then.")
    test: FilePaths = Field([], description="Paths or globs of files with test rows; `split` takes none, then.")
    columns: list[str] = Field([], description="Names of the columns, in order, of tsv and csv files that have no header.")
    header: bool = Field(True, description="Whether the first line of each tsv or csv file names the columns.")
    delimiter: str | None = Field(
        None,
        description="Sign between the fields of a line, one ASCII character; a tab in tsv files and a comma in csv files by "
        "default.",
    )
    quoted: bool | Literal["multiline"] = Field(
        True,
        description="Whether fields of tsv and csv files may stand in double quotes. With `multiline`, quotes may hold "
        "newlines too, and one worker reads a whole file.",
    )
    encoding: str = Field(
        "utf-8",
        description="Encoding of tsv and csv files by its Python name, such as `latin1`, `cp1252` or `utf-16`; their texts "
        "become UTF-8.",
    )
    missing: Texts = Field([], description="Texts that mean `no value`, besides the empty one, such as `NA`.")
    # May be empty, though no config of use has it so: the tools read files before they know which column is the label.
    label: str = Field(description="Column of the label: 0 and 1, or other values of which `positive` says what they mean.")
    positive: LabelValues = Field(
        [],
        description="Values of the label that mean 1, such as `yes`, `[4, 5]` or `true`; all others mean 0. Where none is "
        "given, labels are 0 and 1.",
    )
    unlabelled: Literal["reject", "skip"] = Field(
        "reject",
        description="What becomes of rows whose label is empty, or -1 where labels are 0 and 1: they are rejected as "
        "malformed, or left out and counted (`skip`), as where conversions are still to come.",
    )
    weight: Text | None = Field(None, description="Column of the rows' weights in training, 0 or more; 1 for all, by default.")
    split: SplitConfig = Field(SplitConfig(), description="How rows of the `train` files are divided.")
    max_bad_ratio: float = Field(
        0.001, ge=0, le=1, description="Share of malformed rows above which preprocessing fails; up to it they are put aside."
    )
    incremental: bool = Field(
        False,
        description="Whether what was read and counted of each file is kept in `WORK_DIR/spans`, so that days added later "
        "cost their own reading only. It takes about a quarter of the space of the text.",
    )
    stable_ids: bool = Field(
        False, description="Whether values that had an id in the run before keep it, and new ones follow. Needs `incremental`."
    )

    @field_validator("train", "validation", "test", mode="before")
    @classmethod
    def _none_is_empty(cls, paths: object) -> object:
        return [] if paths is None else paths

    @field_validator("delimiter")
    @classmethod
    def _one_sign(cls, delimiter: str | None) -> str | None:
        # pyarrow.csv takes one byte; a NUL, and what ends a line, can stand in no field.
        if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in "\0\r\n"):
            raise ValueError(f"{delimiter!r} cannot divide fields; give one ASCII character that ends no line, such as `;`")
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        # Python finds some names that are codecs but no encodings of text, such as `base64`; encoding a text tells them.
        try:
            "\n".encode(encoding)
        except LookupError:
            known = "utf-8, latin1, cp1252 or utf-16"
            raise ValueError(f"{encoding!r} is no encoding of text that Python knows; try {known}") from None
        return encoding

    @model_validator(mode="after")
    def _check_whole(self) -> DataConfig:
        if not self.train:
            raise ValueError("`train` names no files")
        if self.stable_ids and not self.incremental:
            raise ValueError("`stable_ids` needs `incremental: true`, which keeps the ids of the run before")
        for field, column in (("weight", self.weight), ("split.column", self.split.column)):
            if column == self.label:
                raise ValueError(f"`{field}` names the label's column, {column!r}; name another one")
        return self

    @model_validator(mode="after")
    def _check_text(self) -> DataConfig:
        if self.format not in TEXT_FORMATS:
            for field in TEXT_FIELDS:
                if self.given(field):
                    raise ValueError(f"`{field}` does nothing in {self.format} files, which say it themselves; leave it out")
        elif not self.header and not self.columns:
            raise ValueError("files without a header need `columns`")
        elif self.header and self.columns:
            raise ValueError("`columns` does nothing beside a header; leave it out, or set `header: false`")
        if self.quoted and self.delimiter == '"':
            raise ValueError("`delimiter` is the quote itself; set `quoted: false`, or give another one")
        return self

    @property
    def separator(self) -> str:
        """The delimiter in force."""
        return self.delimiter or ("\t" if self.format == "tsv" else ",")
