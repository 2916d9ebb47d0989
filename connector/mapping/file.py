"""What a mapping file may say: ``mappings/<name>/mapping.yaml``, checked key by key.

    extends: csv_export                 # optional: start from another mapping, change parts of it
    tables:
      clients:
        files: "clients*.csv"           # or  resource: Patient  (FHIR), or neither (JSON rows)
        source_id: client_id
        version: {source: last_updated, transform: datetime, format: "%Y-%m-%d %H:%M:%S"}
        records:
          patient:                      # the kind, or any name with  kind: patient
            fields:
              family_name: last_name    # short for {source: last_name}
              status: {source: status, values: {Active: active, Closed: discharged}}

In an extending file, keys replace those of the base, mappings are merged, and ``null`` removes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Language = Literal["columns", "jmespath", "fhirpath"]
Encoding = Literal["weighted", "raw", "zero_based", "one_based"]
TransformName = Literal[
    "text",
    "upper",
    "lower",
    "integer",
    "minutes",
    "decimal",
    "yes_no",
    "date",
    "datetime",
    "split",
    "items",
    "fhir_answers",
    "instrument",
    "reference",
    "fhir_reference",
    "reference_id",
]
Scalar = str | bool | int | float


def _quoted_words(data: Any) -> Any:
    """Text keys; YAML reads a bare Yes or No as true or false, which would lose the word."""
    if not isinstance(data, dict):
        return data
    if any(isinstance(key, bool) for key in data):
        raise ValueError('put quotes round words such as "Yes", "No", "On", "Off" in a value map')
    return {str(key): value for key, value in data.items()}


WordMap = Annotated[dict[str, Scalar], BeforeValidator(_quoted_words)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _short(data: Any) -> Any:
    if isinstance(data, bool):
        raise ValueError('put quotes round a name such as "on" or "yes": YAML reads it as a yes')
    return {"source": data} if isinstance(data, str) else data


class FieldFile(_Part):
    """One row of the field table: where a value comes from and what is done with it.

    Exactly one of ``source``, ``first_of`` and ``constant``. Order of work: read, ``values`` (by
    word), ``transform``. A word missing in ``values`` is an error, never a default; ``""`` in
    ``values`` says "no value". ``default`` stands for a blank source only. ``values_file`` names a
    CSV file beside the mapping with more words; reading it adds them to ``values``.
    """

    source: str | None = None
    first_of: list[str] | None = Field(default=None, min_length=1)
    constant: Scalar | None = None
    transform: TransformName | None = None
    values: WordMap | None = Field(default=None, min_length=1)
    values_file: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][\w-]{0,63}\.csv$")
    required: bool = False
    default: Scalar | None = None
    unmapped: Literal["error", "skip"] = Field(
        default="error", description="skip: a word not in `values` means the row makes no record"
    )
    format: str | list[str] | None = None
    zone: str | None = None
    partial: Literal["error", "blank"] = Field(
        default="error", description="blank: a year alone, or a date without time, is no value"
    )
    separator: str | None = Field(default=None, min_length=1)
    to: str | None = Field(default=None, description="kind of the record a reference points to")
    columns: int | None = Field(default=None, ge=1, le=100)
    item_codes: list[str] | None = Field(default=None, min_length=1)
    notices: WordMap | None = Field(
        default=None, description="source words that are accepted but worth a remark"
    )
    optional_column: bool = Field(
        default=False, description="the column may be missing from the file altogether"
    )

    @model_validator(mode="after")
    def _one_source(self) -> FieldFile:
        given = [self.source is not None, self.first_of is not None, self.constant is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of source, first_of, constant")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """The expressions read, in order; empty for a constant."""
        if self.source is not None:
            return (self.source,)
        return tuple(self.first_of or ())


FieldEntry = Annotated[FieldFile, BeforeValidator(_short)]


class WhenFile(_Part):
    """A condition on the row; words are compared without case. All conditions must hold.

    ``present`` is not asked of a deleted row, nor ``in`` and ``not_in`` where it says nothing: a
    retraction often comes without content.
    """

    source: str
    in_: list[Scalar] | None = Field(default=None, alias="in")
    not_in: list[Scalar] | None = None
    present: bool | None = None
    optional_column: bool = False

    @model_validator(mode="after")
    def _one_test(self) -> WhenFile:
        if sum(test is not None for test in (self.in_, self.not_in, self.present)) != 1:
            raise ValueError("give exactly one of in, not_in, present")
        return self


class RecordFile(_Part):
    """One canonical record made from each row, or from each entry of a list inside it.

    ``for_each`` names the list; sources then read the entry, and the row as ``row``. ``id_from``
    names fields of this record whose values together are its id, where the source gives none.
    ``id_suffix`` keeps two of a kind apart. ``version`` stands instead of the table's.
    """

    kind: str | None = None
    when: list[WhenFile] = []
    for_each: str | None = None
    source_id: FieldEntry | None = None
    id_from: list[str] | None = Field(default=None, min_length=1)
    id_suffix: str | None = None
    version: FieldEntry | None = None
    fields: dict[str, FieldEntry]

    @model_validator(mode="after")
    def _one_id(self) -> RecordFile:
        if self.source_id is not None and self.id_from is not None:
            raise ValueError("give source_id or id_from, not both")
        if self.for_each is not None and self.source_id is None and self.id_from is None:
            raise ValueError(
                "for_each needs source_id or id_from: each entry is a record with an id of its own"
            )
        return self


class TableFile(_Part):
    """One table: a file-name pattern, a FHIR resource type, or rows of JSON.

    ``encodings`` states, per instrument, how its item answers arrive.
    """

    files: str | None = None
    resource: str | None = None
    language: Language | None = None
    source_id: FieldEntry
    version: FieldEntry | None = None
    deleted: FieldEntry | None = None
    encodings: dict[str, Encoding] = {}
    records: dict[str, RecordFile] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_kind_of_table(self) -> TableFile:
        if self.files is not None and self.resource is not None:
            raise ValueError("give files or resource, not both")
        return self

    @property
    def expression_language(self) -> Language:
        """``language``, or what fits: columns for files, fhirpath for FHIR, else jmespath."""
        if self.language is not None:
            return self.language
        if self.resource is not None:
            return "fhirpath"
        return "columns" if self.files is not None else "jmespath"


class MappingFile(_Part):
    """A whole mapping, after ``extends`` was merged away."""

    summary: str = ""
    to_confirm: list[str] = Field(
        default=[], description="what nobody has seen yet in a real file; shown by `check`"
    )
    tables: dict[str, TableFile] = Field(min_length=1)
