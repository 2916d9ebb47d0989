"""Links of the care given: the first note, and a note for each attended visit."""

from __future__ import annotations

from connector.pipeline.golden_thread.case import Case, note_refs, visit_refs
from connector.pipeline.golden_thread.rules import link
from connector.pipeline.wording import joined, long_date, things
from connector.records import Note, Visit
from connector.thread import Documented

# A plan is no record of a visit.
_OF_A_VISIT = ("intake", "progress", "evaluation", "discharge")
_FIRST = ("intake", "evaluation")


def intake(case: Case) -> Documented:
    """The intake note of psychotherapy."""
    return _first_note(case, "intake", "intake note")


def evaluation(case: Case) -> Documented:
    """The evaluation of physical therapy."""
    return _first_note(case, "evaluation", "evaluation note")


def _first_note(case: Case, key: str, name: str) -> Documented:
    notes = [n for n in case.notes if n.note_type in _FIRST]
    signed = [n for n in notes if n.signed is not False]
    if signed:
        text = f"Note of {long_date(signed[0].written_on)}."
        return link(key, "present", text, note_refs(signed[:1]))
    if notes:
        text = f"The {name} of {long_date(notes[0].written_on)} is not signed."
        return link(key, "absent", text, note_refs(notes), "Sign the note.")
    visits = [v for v in case.attended if v.visit_type == "evaluation"]
    seen = f", only the visit of {long_date(visits[0].starts_at.date())}" if visits else ""
    return link(
        key,
        "absent",
        f"No {name} is on file{seen}.",
        visit_refs(visits),
        f"Write the {name}, or check that the source exports it.",
    )


def visit_notes(case: Case) -> Documented:
    """A note for each attended visit before today."""
    visits = [v for v in case.attended if v.starts_at.date() < case.today]
    if not visits:
        return link("visit_notes", "not_due", "No visit before today calls for a note yet.")
    by_visit = notes_of_visits(case, visits)
    bare = [v for v in visits if not by_visit[v.id]]
    unsigned = _unsigned(case)
    if len(bare) == len(visits) and not unsigned:
        return link(
            "visit_notes",
            "absent",
            "No note of any visit is on file.",
            visit_refs(bare),
            "Check that the source exports its notes.",
        )
    if bare or unsigned:
        parts = [f"{things(len(bare), 'visit')} without a note"] if bare else []
        parts += [f"{things(len(unsigned), 'note')} not signed"] if unsigned else []
        return link(
            "visit_notes",
            "absent",
            f"{joined(parts)}.",
            [*visit_refs(bare), *note_refs(unsigned)],
            "Write or sign them before a claim goes out.",
        )
    text = f"All {len(visits)} visits have notes." if len(visits) > 1 else "The visit has a note."
    notes = {n.id: n for v in visits for n in by_visit[v.id]}
    return link("visit_notes", "present", text, note_refs(notes.values()))


def _unsigned(case: Case) -> list[Note]:
    """Unsigned notes from before today, without a first note that is a break of its own."""
    has_first = any(n.note_type in _FIRST and n.signed is not False for n in case.notes)
    return [
        n
        for n in case.notes
        if n.signed is False
        and n.written_on < case.today
        and (has_first or n.note_type not in _FIRST)
    ]


def notes_of_visits(case: Case, visits: list[Visit]) -> dict[str, list[Note]]:
    """The notes of each visit, by its id: those that name it, else those of its day."""
    named: dict[str, list[Note]] = {}
    dated: dict[object, list[Note]] = {}
    for note in case.notes:
        if note.note_type not in _OF_A_VISIT:
            continue
        if note.visit_source_id is not None:
            named.setdefault(note.visit_source_id, []).append(note)
        else:
            dated.setdefault(note.written_on, []).append(note)
    return {
        v.id: named.get(v.provenance.source_id) or dated.get(v.starts_at.date(), []) for v in visits
    }
