"""Outcome measures: instrument files, scoring, change, safety items. Pure.

Reading order: ``instrument.py`` (what a file says), ``scoring.py``, ``safety.py``, ``change.py``.
An instrument is one YAML file in ``mappings/instruments/``; nothing else changes for a new one.
"""

from connector.measures.change import compare, reaches_percent
from connector.measures.instrument import Instrument
from connector.measures.parse import parse_instrument
from connector.measures.safety import safety_flags
from connector.measures.scoring import score
from connector.measures.spec import Band, SafetyItem, Subscale, Threshold
from connector.measures.values import Change, Score

__all__ = [
    "Band",
    "Change",
    "Instrument",
    "SafetyItem",
    "Score",
    "Subscale",
    "Threshold",
    "compare",
    "parse_instrument",
    "reaches_percent",
    "safety_flags",
    "score",
]
