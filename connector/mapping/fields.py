"""Reads the fields of one row: value, value map, default, transform; collects what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connector.errors import InvalidRecord
from connector.mapping import scores
from connector.mapping.spec import RecordPlan, Rule, Table
from connector.mapping.targets import ANSWERS, CONTEXT
from connector.mapping.transforms import TRANSFORMS, Scope, as_text, unmapped, words
from connector.records import Assessment, JournalEntry


class SkipRecord(Exception):
    """The mapping says that this row makes no such record."""


@dataclass(slots=True)
class RowReading:
    """One row being read: the values asked for, and the errors and notices met on the way."""

    data: Mapping[str, Any]
    scope: Scope
    errors: list[InvalidRecord] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    screening: list[Assessment | JournalEntry] = field(default_factory=list)
    met: int = 0
    """Errors met, also those told already."""

    def optional(self, rule: Rule | None) -> Any:
        """The value, or None where blank, not mapped or wrong."""
        return None if rule is None else self._collected(rule)

    def required(self, rule: Rule) -> Any:
        """The value; where blank or wrong None, and the error is collected."""
        return self._collected(rule)

    def record(self, plan: RecordPlan) -> dict[str, Any]:
        """The values of all fields that have one. Raises SkipRecord."""
        found: dict[str, Any] = {}
        told: dict[str, Any] = {}
        for rule in plan.rules:
            value = self._collected(rule)
            if value is None:
                continue
            if rule.target.startswith(CONTEXT):
                told[rule.target.removeprefix(CONTEXT)] = value
            else:
                found[rule.target] = value
        return {**found, "context": dict(sorted(told.items()))} if told else found

    def _collected(self, rule: Rule) -> Any:
        try:
            return self._value(rule)
        except InvalidRecord as error:
            error.field = error.field or rule.target
            self.add(error)
            return None

    def add(self, error: InvalidRecord) -> None:
        """Collects an error, once: several records may read the same wrong cell."""
        self.met += 1
        told = [(e.code, e.message, e.value) for e in self.errors]
        if (error.code, error.message, error.value) not in told:
            self.errors.append(error)

    def _value(self, rule: Rule) -> Any:
        file = rule.file
        if file.constant is not None:
            if rule.transform == "instrument":
                return self._instrument([file.constant], rule)
            return TRANSFORMS[rule.transform]([file.constant], rule, self.scope)
        found = self._first_that_says(rule)
        if not found:
            return self._blank(rule)
        if rule.transform in ANSWERS:
            return self._answers(found, rule)
        if rule.transform == "instrument":
            return self._instrument(found, rule)
        if rule.values or rule.file.values_file is not None:
            mapped = self._mapped(found, rule)
            if mapped == "":
                return self._blank(rule)
            found = [mapped]
        return TRANSFORMS[rule.transform](found, rule, self.scope)

    def _first_that_says(self, rule: Rule) -> list[Any]:
        # Asked of every cell: loops cost half of what any() and next() with generators do.
        for read in rule.reads:
            values = read(self.data)
            for value in values:
                if value is not None:
                    return values
        return []

    def _instrument(self, found: list[Any], rule: Rule) -> Any:
        """The instrument's id: by the value map, else by its own id or name."""
        try:
            mapped = self._mapped(found, rule) if rule.values else found[0]
        except InvalidRecord:
            mapped = found[0]
        if rule.file.unmapped == "skip" and mapped not in self.scope.instruments:
            raise SkipRecord
        return TRANSFORMS["instrument"]([mapped], rule, self.scope)

    def _blank(self, rule: Rule) -> Any:
        if rule.file.default is not None:
            return TRANSFORMS[rule.transform]([rule.file.default], rule, self.scope)
        if rule.file.unmapped == "skip":
            raise SkipRecord
        if rule.required:
            raise InvalidRecord(
                "required_missing", f"{rule.shown}: a value is required", field=rule.target
            )
        return None

    def _mapped(self, found: list[Any], rule: Rule) -> Any:
        for value in found:
            hit = rule.by_word.get(words(as_text(value)))
            if hit is not None:
                if rule.file.notices and hit[0] in rule.file.notices:
                    self.notices.append((rule.target, str(rule.file.notices[hit[0]])))
                return hit[1]
        if rule.file.unmapped == "skip":
            raise SkipRecord
        raise unmapped(rule, as_text(found[0]), rule.values)

    def _answers(self, found: list[Any], rule: Rule) -> Any:
        listed = TRANSFORMS[rule.transform](found, rule, self.scope)
        items, errors = scores.read_items(listed, rule)
        for error in errors:
            self.add(error)
        answered = any(item is not None for item in items)
        return items if answered or errors else self._blank(rule)


def check_assessment(
    values: dict[str, Any], table: Table, reading: RowReading, deleted: bool
) -> None:
    """Checks answers and total against the instrument; adds the stated encoding to ``values``."""
    instrument = reading.scope.instruments.get(values.get("instrument", ""))
    if instrument is None:
        return
    if "encoding" not in values and instrument.id in table.encodings:
        values["encoding"] = table.encodings[instrument.id]
    encoding = values.get("encoding")
    items, total = values.get("items"), values.get("total")
    if items is not None:
        values["items"], wrong = scores.fit_items(items, instrument)
        wrong += scores.out_of_range(values["items"], instrument, encoding)
        if instrument.totals_only:
            wrong = [
                _refused(f"{instrument.name}: only totals are accepted, no answers", "totals_only")
            ]
        elif instrument.encoding_required and encoding is None:
            wrong.append(
                _refused(
                    f"{instrument.name} answers may arrive turned round or as printed; the mapping "
                    "must state its encoding", "encoding_missing",
                )
            )  # fmt: skip
        for error in wrong:
            reading.add(error)
    if total is not None:
        outside = scores.total_out_of_range(total, instrument)
        if outside is not None:
            reading.add(outside)
    for error in scores.context_faults(values.get("context", {}), instrument):
        reading.add(error)
    told = any(error.field.startswith(("items", "total")) for error in reading.errors)
    if items is None and total is None and not deleted and not told:
        reading.add(
            InvalidRecord("required_missing", "item answers or a total are required", field="items")
        )


def _refused(message: str, code: str) -> InvalidRecord:
    return InvalidRecord(code, message, field="items")


def add_screening(
    frame: Mapping[str, Any], values: Mapping[str, Any], reading: RowReading, received: date
) -> None:
    """Adds the refused assessment's readable answers for the safety check, where there are any."""
    if not all(name in values for name in ("patient_id", "instrument", "items")):
        return
    reading.screening.append(
        Assessment(
            **frame,
            patient_id=values["patient_id"],
            instrument=values["instrument"],
            taken_on=values.get("taken_on", received),
            items=values["items"],
            encoding=values.get("encoding"),
            context=values.get("context"),
        )
    )


def add_text_screening(
    frame: Mapping[str, Any], values: Mapping[str, Any], reading: RowReading, received: date
) -> None:
    """Adds the refused entry's text for the check of its wording, where its writer is known.

    A date or mood that can't be read must not hide what was written.
    """
    if not all(isinstance(values.get(name), str) for name in ("patient_id", "text")):
        return
    reading.screening.append(
        JournalEntry(
            **frame,
            patient_id=values["patient_id"],
            entry=values.get("entry", "journal"),
            written_on=values.get("written_on", received),
            text=values["text"],
        )
    )


def local_date(moment: datetime, timezone: str) -> date:
    """The date of a moment where the practice is."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def as_invalid(fault: ValidationError, kind: str, values: Mapping[str, Any]) -> list[InvalidRecord]:
    """A pydantic fault as row errors that name the field; no source value is in the message."""
    errors = []
    for detail in fault.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in detail["loc"]) or kind
        message = detail["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)
        value = str(values[name]) if name in values else None
        errors.append(InvalidRecord("invalid_value", f"{name}: {message}", field=name, value=value))
    return errors
