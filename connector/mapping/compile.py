"""From a checked mapping file to a ``MappingSpec``: parses expressions, refuses what can't work.

Everything that can be wrong without seeing data is refused here, with the place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from connector.errors import ConfigurationError
from connector.mapping import dates, expressions
from connector.mapping.file import (
    FieldFile,
    Language,
    MappingFile,
    RecordFile,
    TableFile,
    TransformName,
    WhenFile,
)
from connector.mapping.spec import (
    Condition,
    EntryList,
    MappingSpec,
    Read,
    RecordPlan,
    Rule,
    Table,
)
from connector.mapping.targets import TEXTS, Target, target_of, targets_of
from connector.mapping.transforms import OPTIONS, words
from connector.records import RECORD_TYPES

_READABLE = 40
_VERSION = Target("version", False, (), "datetime", frozenset({"datetime"}))
_DELETED = Target("deleted", False, (), "yes_no", frozenset({"yes_no"}))
_SOURCE_ID = Target("source_id", True, (), "text", TEXTS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a mapping file we are, for messages, and the language of its expressions."""

    path: str
    language: Language

    def at(self, *parts: str) -> Place:
        """A place further in."""
        return Place(".".join((self.path, *parts)), self.language)

    def fault(
        self, code: str, message: str, allowed: Sequence[str] = (), given: str = ""
    ) -> ConfigurationError:
        """The error to raise for something wrong here."""
        close = get_close_matches(given, allowed, n=1) if given else []
        return ConfigurationError(
            code, message, where=self.path, allowed=allowed, suggestion=close[0] if close else None
        )


def compile_mapping(
    name: str, version: str, document: Mapping[str, Any], file: MappingFile, where: str
) -> MappingSpec:
    """The mapping ready to apply. Raises ConfigurationError naming table, record and field."""
    tables: dict[str, Table] = {}
    for table_name, table in file.tables.items():
        place = Place(f"{where}: tables.{table_name}", table.expression_language)
        tables[table_name] = _table(table_name, table, place)
        taken = [t.name for t in tables.values() if t.raw_name == tables[table_name].raw_name]
        if len(taken) > 1:
            raise place.fault(
                "resource_twice", f"{taken[0]} reads {table.resource} already; join the two"
            )
    return MappingSpec(name, version, document, tables, tuple(file.to_confirm))


def _table(name: str, file: TableFile, place: Place) -> Table:
    records = tuple(
        _record(key, record, file, place.at("records", key)) for key, record in file.records.items()
    )
    known, optional = _columns(file)
    return Table(
        name=name,
        files=file.files,
        resource=file.resource,
        version=_optional(_VERSION, file.version, place),
        deleted=_optional(_DELETED, file.deleted, place),
        encodings=file.encodings,
        records=records,
        required_columns=known - optional,
        known_columns=known,
    )


def _optional(target: Target, file: FieldFile | None, place: Place) -> Rule | None:
    return None if file is None else compile_rule(target, file, place.at(target.name))


def _record(key: str, file: RecordFile, table: TableFile, place: Place) -> RecordPlan:
    kind = file.kind or key
    if kind not in RECORD_TYPES:
        raise place.fault("unknown_kind", f"{kind!r} is not a record kind", [*RECORD_TYPES], kind)
    model = RECORD_TYPES[kind]
    listed = _entry_list(file.for_each, place) if file.for_each else None
    targets = targets_of(model)
    rules = []
    for name, field in file.fields.items():
        target = target_of(model, name)
        if target is None:
            raise place.fault(
                "unknown_target", f"{_a(kind)} has no field {name!r}", sorted(targets), name
            )
        rules.append(compile_rule(target, field, place.at("fields", name)))
    missing = [t.name for t in targets.values() if t.required and t.name not in file.fields]
    if missing:
        raise place.fault("target_missing", f"{_a(kind)} needs the field {missing[0]!r}")
    if kind == "assessment" and not {"items", "total"} & set(file.fields):
        raise place.fault("target_missing", "an assessment needs the field 'items' or 'total'")
    _check_id_from(file, {rule.target for rule in rules if rule.required}, place)
    return RecordPlan(
        name=key,
        kind=kind,
        model=model,
        conditions=tuple(_condition(w, place.at("when")) for w in file.when),
        source_id=compile_rule(
            _SOURCE_ID, file.source_id or table.source_id, place.at("source_id")
        ),
        id_suffix=f"#{file.id_suffix}" if file.id_suffix else "",
        rules=tuple(rules),
        for_each=listed,
        id_from=tuple(file.id_from or ()),
        version=_optional(_VERSION, file.version, place),
    )


def _check_id_from(file: RecordFile, required: set[str], place: Place) -> None:
    """Refuses an id made of fields that are not there, or that may all be blank."""
    if file.id_from is None:
        return
    place = place.at("id_from")
    for name in file.id_from:
        if name not in file.fields:
            raise place.fault(
                "unknown_target", f"this record has no field {name!r}", sorted(file.fields), name
            )
    if not required & set(file.id_from):
        raise place.fault("target_missing", "one of the fields must be a required one")


def _entry_list(expression: str, place: Place) -> EntryList:
    place = place.at("for_each")
    if place.language != "jmespath":
        raise place.fault(
            "wrong_language", "for_each is for rows of JSON: a table without files and resource"
        )
    try:
        read = expressions.entry_list(expression)
    except expressions.BadExpression as fault:
        raise place.fault(
            "bad_expression", f"{expression!r} is not valid jmespath: {str(fault)[:160]}"
        ) from None
    shown = expression if len(expression) <= _READABLE else "entry"
    return EntryList(read, shown)


def _condition(file: WhenFile, place: Place) -> Condition:
    listed = file.in_ if file.in_ is not None else file.not_in
    return Condition(
        read=_read(file.source, place),
        words=frozenset(words(_plain(word)) for word in listed or ()),
        wanted=file.in_ is not None or bool(file.present),
        presence=file.present is not None,
    )


def _plain(word: Any) -> str:
    return str(word).lower() if isinstance(word, bool) else str(word)


def compile_rule(target: Target, file: FieldFile, place: Place) -> Rule:
    """One field table row, checked against its target."""
    transform = file.transform or _default_transform(target, file, place)
    if transform not in target.transforms:
        raise place.fault(
            "wrong_transform", f"{transform!r} does not give what {target.name} holds",
            sorted(target.transforms), transform,
        )  # fmt: skip
    _check_options(file, transform, place)
    if file.to is None and transform in OPTIONS["to"]:
        file = file.model_copy(update={"to": target.refers_to})
    if file.to is not None and file.to not in RECORD_TYPES:
        raise place.fault("unknown_kind", f"{file.to!r}: no such kind", [*RECORD_TYPES], file.to)
    _check_words(target, file, place)
    rule = Rule(
        target=target.name,
        file=file,
        transform=transform,
        required=file.required or target.required or (target.silent_default),
        reads=_reads(file, transform, place),
        values=file.values or {},
        by_word={words(word): (word, value) for word, value in (file.values or {}).items()},
        formats=_formats(file, transform, place),
        allowed=target.words,
    )
    return rule


def _default_transform(target: Target, file: FieldFile, place: Place) -> TransformName:
    fhir = place.language == "fhirpath"
    if target.default_transform == "reference" and fhir and file.constant is None:
        return "fhir_reference"
    if target.default_transform == "items" and fhir:
        return "fhir_answers"
    if target.default_transform == "yes_no" and "integer" in target.transforms:
        numbers = [word for word in (file.values or {}).values() if type(word) is int]
        return "integer" if numbers else "yes_no"
    return target.default_transform


def _check_options(file: FieldFile, transform: TransformName, place: Place) -> None:
    for option in sorted(file.model_fields_set & set(OPTIONS)):
        if transform not in OPTIONS[option]:
            raise place.fault(
                "wrong_option", f"{option!r} belongs to {' and '.join(sorted(OPTIONS[option]))}, "
                f"not to {transform!r}",
            )  # fmt: skip
    if transform == "fhir_answers" and not file.item_codes:
        raise place.fault("option_missing", "fhir_answers needs item_codes, one per item in order")
    if transform == "items" and place.language == "columns" and not file.columns:
        raise place.fault("option_missing", "items needs columns: the number of item columns")
    if file.zone is not None:
        try:
            ZoneInfo(file.zone)
        except (KeyError, ValueError, OSError):
            raise place.fault("unknown_zone", f"unknown time zone {file.zone!r}") from None


def _check_words(target: Target, file: FieldFile, place: Place) -> None:
    given = [*(file.values or {}).values(), file.default, file.constant]
    wrong = [w for w in given if target.words and w not in (None, "") and w not in target.words]
    if wrong:
        raise place.fault(
            "wrong_word", f"{target.name} can't be {wrong[0]!r}", target.words, str(wrong[0])
        )


def _formats(file: FieldFile, transform: TransformName, place: Place) -> tuple[str, ...]:
    if transform not in OPTIONS["format"]:
        return ()
    given = file.format or "iso"
    formats = (given,) if isinstance(given, str) else tuple(given)
    for form in formats:
        why = dates.bad_format(form)
        if why:
            raise place.fault("wrong_format", f"{form!r} is not a date format: {why}")
    return formats


def _reads(file: FieldFile, transform: TransformName, place: Place) -> tuple[Read, ...]:
    if transform == "items" and file.source is not None:
        if place.language == "columns":
            return (expressions.column_items(file.source, file.columns or 1),)
        return (expressions.listed_items(file.source, place.language),)
    return tuple(_read(source, place) for source in file.sources)


def _read(source: str, place: Place) -> Read:
    try:
        return expressions.compile_read(source, place.language)
    except expressions.BadExpression as fault:
        raise place.fault(
            "bad_expression", f"{source!r} is not valid {place.language}: {str(fault)[:160]}"
        ) from None


def _columns(file: TableFile) -> tuple[frozenset[str], frozenset[str]]:
    """Columns the table reads, and those of them that may be missing from a file."""
    if file.expression_language != "columns":
        return frozenset(), frozenset()
    parts: list[FieldFile | WhenFile] = [file.source_id]
    parts += [part for part in (file.version, file.deleted) if part is not None]
    for record in file.records.values():
        parts += [*record.when, *record.fields.values()]
        parts += [part for part in (record.source_id, record.version) if part is not None]
    needed: set[str] = set()
    optional: set[str] = set()
    for part in parts:
        (optional if part.optional_column else needed).update(_names(part))
    return frozenset(needed | optional), frozenset(optional - needed)


def _names(part: FieldFile | WhenFile) -> list[str]:
    if isinstance(part, WhenFile):
        return [part.source]
    if part.columns and part.source:
        return [f"{part.source}{number}" for number in range(1, part.columns + 1)]
    return list(part.sources)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
