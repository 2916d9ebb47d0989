"""Check us: one JSON object a line in, one result a line out, by the rules that the product uses.

Reading order: ``evaluate.py`` (which kinds there are), ``reading.py`` (text to a checked object),
``line.py`` (its fields), then the kinds: ``scores.py``, ``courses.py``, ``quantities.py``. Pure. No
rule stands here: each kind calls the function of ``measures`` or ``pipeline`` that decides.
"""

from connector.evaluation.evaluate import KINDS, evaluate_line
from connector.evaluation.line import Basis
from connector.evaluation.reading import LONGEST

__all__ = ["KINDS", "LONGEST", "Basis", "evaluate_line"]
