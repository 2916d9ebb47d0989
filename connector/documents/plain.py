"""The patient report's fixed sentences and the words that never stand in it.

The sentences are short and plain (grade 6 or below, tested); facts are filled in from the record.
"""

from __future__ import annotations

import re

SENTENCES = {
    "lower": "{name}, your {measure} is lower than when you started.",
    "higher": "{name}, your {measure} is higher than when you started.",
    "same": "{name}, your {measure} is about the same as when you started.",
    "changed": "{name}, your {measure} was {first} at the start. It is {last} now.",
    "one": "{name}, you have one score so far.",
    "none": "{name}, we do not have a score for you yet.",
    "neutral": "{name}, thank you for your answers.",
    "neutral_next": "Your therapist will talk with you about them.",
    "neutral_help": "You can reach out for help at any time.",
    "lower_late": "{name}, your {measure} is lower than on your first form.",
    "higher_late": "{name}, your {measure} is higher than on your first form.",
    "same_late": "{name}, your {measure} is about the same as on your first form.",
    "changed_late": "{name}, your {measure} was {first} on your first form. It is {last} now.",
    "lower_end": "{name}, your {measure} went down during your care.",
    "higher_end": "{name}, your {measure} went up during your care.",
    "same_end": "{name}, your {measure} stayed about the same during your care.",
    "changed_end": "{name}, your {measure} was {first} at the start. It was {last} at the end.",
    "real": "That is a real change, not just day-to-day ups and downs.",
    "bring": "That happens. Bring this to your next visit.",
    "small": "Small ups and downs are common.",
    "ask": "Ask your therapist what this means for you.",
    "wait": "The next one will show how things change.",
    "first_form": "You can fill in the first form at your next visit.",
    "lower_better": "On this scale, a lower score is better.",
    "higher_better": "On this scale, a higher score is better.",
    "line": "The line shows each of your scores over time.",
    "cross": "A cross means that a form is missing.",
    "scale": "The line below is the whole scale.",
    "anchor_up": "From {value} up, care teams look closer.",
    "anchor_over": "Above {value}, care teams look closer.",
    "anchor_down": "From {value} down, care teams look closer.",
    "anchor_under": "Below {value}, care teams look closer.",
    "dashed": "The dashed line is at {value}.",
    "goal_met": "done",
    "goal_open": "still working on it",
    "goal_new": "not started yet",
    "goal_stopped": "set aside for now",
    "talk": "Talk with {clinician} about this page.",
    "next_form": "Fill in your next form around {day}.",
    "next_visit": "Come to your next visit on {day}.",
    "plan_visit": "Plan your next visit.",
    "care_ended": "Your care here has ended. Keep this page if you like.",
    "come_back": "You can call us if you want to come back.",
    "not_diagnosis": "Scores help you and your therapist talk. They are not a diagnosis.",
    "questions": "Questions? Call {phone}.",
}

_ADDRESS = "{name}, "


def sentence_to(name: str | None, key: str, **words: object) -> str:
    """A sentence to the patient; one whose name is not known is not addressed by one."""
    text = SENTENCES[key]
    if name is None and text.startswith(_ADDRESS):
        text = text.removeprefix(_ADDRESS)
        text = text[:1].upper() + text[1:]
    return text.format(name=name, **words)


FORBIDDEN = re.compile(
    r"\b(mild|moderate(?:ly)?|severe(?:ly)?|crippled|normal|abnormal|fail(?:ed|ure|ing)?|"
    r"complian(?:ce|t)|noncomplian\w*|deficits?|disorder|percentile|percent|suicid\w*|self[- ]harm|"
    r"risk|[A-TV-Z][0-9][0-9A-B](?:\.[0-9A-Z]{1,4})?)\b|%",
    re.IGNORECASE,
)


def is_plain(text: str) -> bool:
    """True when a text may stand in the patient's copy: no verdicts, codes, percentages or risk."""
    return not FORBIDDEN.search(text)
