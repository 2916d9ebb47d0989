"""Whatever a text holds: it is judged without an error, in steps that grow with its length only."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.wording import WordingRules, findings, judge
from connector.wording.phrase import Phrase
from connector.wording.words import read_words

PIECES = st.sampled_from(
    ["i", "want to", "die", "not", "don't", "kill", "myself", '"', "'", "\u201c", "\n\n", ">", ". ",
     ", ", "she", "said", "when i was", "never", "k i l l", "su!cide", "\ud800", "\u202e", "😭",
     "song", "...", "\x00", "is not an option", "my self", "*", "\u0130", "\ufdfa"]
)  # fmt: skip
ANY_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=300),
    st.lists(PIECES, max_size=60).map(" ".join),
    st.lists(PIECES, max_size=60).map("".join),
)
RELAXED = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@RELAXED
@given(text=ANY_TEXT)
def test_no_text_raises_and_the_same_text_says_the_same(shipped: WordingRules, text: str) -> None:
    judged = judge(text, shipped)
    assert judge(text, shipped) == judged
    kept = findings(text, shipped)
    assert sum(one.mentions for one in kept) == len(judged.mentions)
    for one in kept:
        assert one.level != "count"


@RELAXED
@given(before=ANY_TEXT, after=ANY_TEXT)
def test_a_sentence_of_its_own_is_found_in_any_text(
    shipped: WordingRules, before: str, after: str
) -> None:
    text = f"{before}\n\nI want to kill myself.\n\n{after}"
    found = [m for m in judge(text, shipped).mentions if m.rule == "suicidal_ideation"]
    assert any(m.reading == "as_said" for m in found)


@RELAXED
@given(text=ANY_TEXT)
def test_words_sentences_and_clauses_go_together(shipped: WordingRules, text: str) -> None:
    [dialect] = shipped.dialects
    read = read_words(text, dialect.spelling, dialect.symbols)
    assert len(read.words) == len(read.sentences) == len(read.clauses) == len(read.stops())
    assert read.sentences == sorted(read.sentences)
    assert read.clauses == sorted(read.clauses)
    assert all(word for word in read.words)


def test_steps_grow_with_the_length_alone(shipped: WordingRules, monkeypatch) -> None:
    """Counted, not timed: each word is looked at as often in a long text as in a short one."""
    steps = 0
    real = Phrase.ends

    def counted(self: Phrase, *given: object) -> set[int]:
        nonlocal steps
        steps += 1
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Phrase, "ends", counted)
    for piece in (
        "want to want to kill ", 'she said "i want to die" ', "not not never not ", "' \" ' \" x ",
        "i i i i ", "kill myself kill myself ", "when i was when i was ", "\n \n\t", "> > > \n",
        "a!b!c ", "..... ", "k i l l m y s e l f ",
    ):  # fmt: skip
        counts = []
        for times in (200, 400):
            steps = 0
            judge(piece * times, shipped)
            counts.append(steps)
        assert counts[1] <= 2 * counts[0] + 200, piece


def test_a_megabyte_is_judged(shipped: WordingRules) -> None:
    text = "a" * 300_000 + " " * 200_000 + "\n" * 100_000 + '"' * 50_000 + "'" * 50_000
    text += "." * 100_000 + ">" * 100_000 + "!a" * 50_000 + " I want to die"
    assert [m.reading for m in judge(text, shipped).mentions] == ["as_said"]
