"""Crisis wording in what patients write: counted by an editable rule list, never judged by it.

A list of phrases can't know what a person means. It only asks somebody to read an entry, and says
how it was read: as said now, or as past, negated, another person's, quoted, an idiom. Pure, and
linear in the length of the text: there is no regular expression in a list.

``file`` (what a list may say) -> ``rules`` (ready to run) -> ``judge``, by way of ``words``,
``phrase`` and ``reading``.
"""

from connector.wording.file import WordingFile
from connector.wording.judge import Judgement, Mention, findings, judge
from connector.wording.rules import WordingRules, compile_wording

__all__ = [
    "Judgement",
    "Mention",
    "WordingFile",
    "WordingRules",
    "compile_wording",
    "findings",
    "judge",
]
