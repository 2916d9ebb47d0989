"""The four characters that separate the parts of an interchange. They are read from its ISA."""

from __future__ import annotations

from dataclasses import dataclass

# Letters, digits and the blank stand in data, so none of them can separate anything.
_FIRST_WITH_REPETITION = "00402"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """One character each; ``repetition`` is empty before version 00402, which had none."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"

    @property
    def all(self) -> frozenset[str]:
        """The characters that data may not hold."""
        return frozenset((self.element, self.component, self.repetition, self.segment)) - {""}

    @property
    def usable(self) -> bool:
        """Whether the characters differ from each other and from what stands in data."""
        given = [one for one in (self.element, self.component, self.repetition) if one]
        given.append(self.segment)
        return len(set(given)) == len(given) and not any(
            len(one) != 1 or one.isalnum() or one == " " or not one.isascii() for one in given
        )


STANDARD = Delimiters()
"""What nearly every payer and clearinghouse writes: ``* : ^ ~``."""


def of_isa(header: str, terminator: str) -> Delimiters:
    """The delimiters that an ISA states; ``header`` is its text without the terminator.

    ISA11 is the repetition separator from version 00402 on; before that it is a code (U).
    """
    element = header[3]
    fields = header.split(element)
    repeats = fields[11][:1] if repeats_from(fields[12]) else ""
    if repeats.isalnum() or repeats == " ":
        repeats = ""
    return Delimiters(element, header[-1], repeats, terminator)


def repeats_from(version: str) -> bool:
    """Whether an interchange of this version (ISA12) has a repetition separator in ISA11."""
    return version >= _FIRST_WITH_REPETITION
