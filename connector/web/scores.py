"""``/scores``: staff type in an outcome score. Works by keyboard alone, and without any script.

The measure is in the address; the chart number and the answers never are. The browser checks
ranges by the attributes of the fields, the server checks everything again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.measures import Instrument
from connector.progress import PracticeProfile
from connector.score_entry import Entered, Problem, ScoreDesk, ScoreForm, Typed, form_of
from connector.web.foreign import refuse_foreign

_LONGEST = 200
_KEPT = 20
"""Entries that wait to be shown as stored, once each: they name people."""
_SEVERAL = 12
"""Answers in one row of the form."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page shows: the form, what was typed, what is wrong, what was just stored."""

    form: ScoreForm | None
    typed: Typed | None = None
    problems: tuple[Problem, ...] = ()
    entered: Entered | None = None
    today: str = ""
    by: str = ""
    taken_back: bool = False
    by_field: dict[str, str] = field(default_factory=dict)


def scores(desk: ScoreDesk, practice: PracticeProfile) -> Blueprint:
    """The pages, bound to the way in for scores."""
    blueprint = Blueprint("scores", __name__, url_prefix="/scores")
    stored: dict[str, Entered] = {}

    def page(shown: _Shown, status: int = 200) -> ResponseReturnValue:
        text = render_template(
            "scores.html", practice=practice, choices=desk.choices, shown=shown,
            entry_id=shown.typed.entry_id if shown.problems and shown.typed else desk.new_id(),
            groups=_groups(shown.form),
        )  # fmt: skip
        return text, status

    @blueprint.get("/")
    def choose() -> ResponseReturnValue:
        chosen = request.args.get("measure", "")
        if chosen:
            return redirect(url_for("scores.form", measure=chosen[:40]))
        return page(_Shown(None))

    @blueprint.get("/<measure>")
    def form(measure: str) -> ResponseReturnValue:
        entered = stored.pop(request.args.get("stored", ""), None)
        by = entered.by if entered is not None else ""
        made = form_of(_known(desk, measure))
        return page(_Shown(made, entered=entered, today=_today(desk).isoformat(), by=by))

    @blueprint.post("/<measure>")
    def enter(measure: str) -> ResponseReturnValue:
        refuse_foreign()
        instrument = _known(desk, measure)
        made = form_of(instrument)
        typed = _typed(made)
        done = desk.enter(typed)
        if isinstance(done, Entered):
            while len(stored) >= _KEPT:
                stored.pop(next(iter(stored)), None)
            stored[done.entry_id] = done
            return redirect(url_for("scores.form", measure=measure, stored=done.entry_id), 303)
        by_field: dict[str, str] = {}
        for problem in done:
            by_field.setdefault(problem.field, problem.message)
        first = tuple(one for one in done if by_field.get(one.field) == one.message)
        shown = _Shown(made, typed, first, None, _today(desk).isoformat(), typed.entered_by,
                       by_field=by_field)  # fmt: skip
        return page(shown, 422)

    @blueprint.post("/<measure>/take-back")
    def take_back(measure: str) -> ResponseReturnValue:
        refuse_foreign()
        made = form_of(_known(desk, measure))
        by = " ".join(request.form.get("by", "").split())[:80]
        taken = desk.take_back(request.form.get("entry_id", "")[:40], by or "unknown")
        shown = _Shown(made, today=_today(desk).isoformat(), by=by, taken_back=taken)
        return page(shown, 200 if taken else 404)

    return blueprint


def _known(desk: ScoreDesk, measure: str) -> Instrument:
    instrument = desk.instrument(measure)
    if instrument is None:
        abort(404)
    return instrument


def _today(desk: ScoreDesk) -> date:
    return desk.now().astimezone(ZoneInfo(desk.context.timezone)).date()


def _typed(form: ScoreForm) -> Typed:
    given = request.form
    return Typed(
        entry_id=given.get("entry_id", "")[:_LONGEST],
        chart_number=given.get("chart_number", "")[:_LONGEST],
        instrument=form.id,
        taken_on=given.get("taken_on", "")[:_LONGEST],
        entered_by=given.get("entered_by", "")[:_LONGEST],
        items={a.number: given.get(f"item_{a.number}", "")[:_LONGEST] for a in form.answers},
        total=given.get("total", "")[:_LONGEST],
        encoding=given.get("encoding", "")[:_LONGEST],
        variant=given.get("variant", "")[:_LONGEST],
        context={q.key: given.get(f"context.{q.key}", "")[:_LONGEST] for q in form.questions},
        blanks_ok="blanks_ok" in given,
        again="again" in given,
    )


def _groups(form: ScoreForm | None) -> list[tuple[str, list[int]]]:
    """Answers that stand together because they have the same range: its words, the item numbers."""
    found: list[tuple[str, list[int]]] = []
    for answer in form.answers if form is not None else ():
        if found and found[-1][0] == answer.shown and len(found[-1][1]) < _SEVERAL:
            found[-1][1].append(answer.number)
        else:
            found.append((answer.shown, [answer.number]))
    return found
