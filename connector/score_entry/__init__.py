"""Scores that staff type in: the form of an instrument, the check of an entry, its way in.

``form`` says which fields an instrument has and their ranges (the browser's first check),
``check`` reads what was typed (the second check, by the mapping itself), ``desk`` stores it in the
inbox like anything else that arrives. START HERE: ``desk.ScoreDesk``.
"""

from connector.score_entry.check import Problem, Typed
from connector.score_entry.desk import Entered, ScoreDesk
from connector.score_entry.form import Answer, Question, ScoreForm, form_of, instruments_to_enter

__all__ = [
    "Answer",
    "Entered",
    "Problem",
    "Question",
    "ScoreDesk",
    "ScoreForm",
    "Typed",
    "form_of",
    "instruments_to_enter",
]
