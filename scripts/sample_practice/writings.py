"""Rows of journal and messages: what some of the invented clients wrote.

Each shows one way of reading: as said, negated, quoted, about somebody else, an idiom, and one
entry that is older than anybody is called for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sample_practice.people import Row, Tables

# client, day, time, type, mood (1 to 10), text
_JOURNAL = (
    ("C-1018", "2026-11-19", "11:40 PM", "Journal", "3",
     "The nights are the worst. I wish I could go to sleep and never wake up."),
    ("C-1016", "2026-11-18", "08:10 PM", "Journal", "6",
     "I don't want to die, I want the nightmares to stop. The breathing helped a bit."),
    ("C-1006", "2026-11-15", "09:00 PM", "Check-in", "5", ""),
    ("C-1006", "2026-11-17", "09:05 PM", "Check-in", "6", "Walked to the river and back."),
    ("C-1006", "2026-11-19", "09:02 PM", "Journal", "6",
     'That song, "better off dead", was on the radio all day. I danced anyway.'),
    ("C-1011", "2026-11-16", "07:30 PM", "Journal", "8",
     "I forgot the speaker's name and was so embarrassed I wanted to die. We laughed about it."),
    ("C-1012", "2026-09-10", "10:15 PM", "Journal", "2", "Bad day. I wanted to die."),
    ("C-2004", "2026-11-17", "06:45 PM", "Journal", "",
     "I hurt myself lifting a box but the knee held. Did all the exercises."),
)  # fmt: skip
# client, from, day, time, text
_MESSAGES = (
    ("C-1014", "Client", "2026-11-18", "07:55 AM", "The kids are sick, I have to cancel today."),
    ("C-1014", "Practice", "2026-11-18", "09:10 AM", "Thank you. Shall we say Friday?"),
    ("C-1009", "Client", "2026-11-20", "01:20 PM",
     "My cousin tried to kill himself on Tuesday. Can we talk about it on Monday?"),
)  # fmt: skip


def add_writings(tables: Tables) -> None:
    """Adds all entries and messages."""
    for client, day, time, kind, mood, text in _JOURNAL:
        scale = {"mood": mood, "mood_min": "1", "mood_max": "10"} if mood else {}
        tables["journal"].append(
            {"entry_id": _number("J", client, day), "client_id": client, "type": kind,
             "written": f"{_us(day)} {time}", "text": text, "last_updated": _updated(day, time)}
            | scale
        )  # fmt: skip
    for place, (client, sender, day, time, text) in enumerate(_MESSAGES, start=1):
        row: Row = {
            "message_id": f"{_number('M', client, day)}-{place}", "client_id": client,
            "from": sender, "sent": f"{_us(day)} {time}", "text": text,
            "last_updated": _updated(day, time),
        }  # fmt: skip
        tables["messages"].append(row)


def _number(letter: str, client: str, day: str) -> str:
    return f"{letter}-{client.removeprefix('C-')}-{day.replace('-', '')[2:]}"


def _updated(day: str, time: str) -> str:
    """A minute after it was written, as exports write it."""
    written = datetime.strptime(f"{day} {time}", "%Y-%m-%d %I:%M %p")  # noqa: DTZ007 - local time
    return f"{written + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"


def _us(day: str) -> str:
    year, month, of_month = day.split("-")
    return f"{month}/{of_month}/{year}"
