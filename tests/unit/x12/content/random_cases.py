"""Requests of made-up people with every part that a case may have, by chance.

A request is made of a seed, which is quicker than strategies of strategies; a test sees to it that
each optional field is sometimes there and sometimes not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from connector.x12.npi import is_npi

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'-."
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
NPIS = [n for n in (f"{i:010d}" for i in range(1234567800, 1234568400)) if is_npi(n)]
CODES = ["F33.1", "F41.1", "M54.50", "S83.241A", "Z63.0", "F43.10", "M25.561"]
WEEKS = {"week": 1, "month": 5}


class Maker:
    """Makes the parts of a case; ``created`` is the day of the file."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.created = datetime(2020, 1, 1) + timedelta(seconds=chance.randrange(15 * 31_000_000))
        self._used = 0

    def maybe(self, into: dict[str, Any], **makers: Callable[[], Any]) -> dict[str, Any]:
        """Each optional field with even chances."""
        return into | {name: make() for name, make in makers.items() if self.chance.random() < 0.5}

    def one(self, *of: Any) -> Any:
        """One of them."""
        return self.chance.choice(of)

    def words(self, longest: int = 20) -> str:
        """A text that neither starts nor ends with a blank."""
        length = self.chance.randint(2, longest)
        text = "".join(self.chance.choice(LETTERS + " ") for _ in range(length))
        return f"{self.chance.choice(LETTERS)}{text}".strip()[:longest].strip()

    def id(self, longest: int = 30) -> str:
        """A number in letters and digits; no two are the same."""
        self._used += 1
        length = self.chance.randint(1, longest - 3)
        text = "".join(self.chance.choice(ID_LETTERS) for _ in range(length))
        return f"{text}{self._used:03d}"

    def day(self, last: date = date(2035, 12, 31), first: date = date(1930, 1, 1)) -> str:
        """A day between two days."""
        return (first + timedelta(days=self.chance.randint(0, (last - first).days))).isoformat()

    def past(self) -> str:
        """A day that is not after the file's."""
        return self.day(self.created.date())

    def period(self) -> dict[str, str]:
        """Two days in order."""
        first, last = sorted((self.day(), self.day()))
        return {"starts_on": first, "ends_on": last}

    def address(self) -> dict[str, Any]:
        """Somewhere in the United States."""
        found = {
            "line1": self.words(55), "city": self.words(30), "state": self.one("MA", "IL", "PR"),
            "postal_code": self.one("02110", "627010001"),
        }  # fmt: skip
        return self.maybe(found, line2=lambda: self.words(55))

    def phone(self) -> str:
        """Ten digits."""
        return f"{self.chance.randint(2_000_000_000, 9_999_999_999)}"

    def contact(self) -> dict[str, Any]:
        """A name and at most three ways to reach it."""
        found = self.maybe(
            {}, name=lambda: self.words(60), phone=self.phone, extension=lambda: "123",
            fax=self.phone, email=lambda: "desk@example.org",
        )  # fmt: skip
        if "phone" not in found:
            found.pop("extension", None)
            found.setdefault("fax", self.phone())
        if {"extension", "fax", "email"} <= set(found):
            del found[self.one("extension", "fax", "email")]
        return found

    def provider(self, *roles: str) -> dict[str, Any]:
        """An organization or a person."""
        found = {"npi": self.one(*NPIS), "role": self.one(*roles)}
        if self.chance.random() < 0.5:
            found["organization"] = self.words(60)
        else:
            found["family_name"] = self.words(60)
            found = self.maybe(
                found, given_name=lambda: self.words(35), middle_name=lambda: self.words(25)
            )
        return self.maybe(
            found, taxonomy=lambda: self.one("225100000X", "103TC0700X"), address=self.address,
            contact=self.contact,
        )  # fmt: skip

    def person(self) -> dict[str, Any]:
        """A name, a day of birth, perhaps an address."""
        found = {
            "family_name": self.words(60), "given_name": self.words(35), "birth_date": self.past(),
            "sex": self.one("female", "male", "unknown"),
        }  # fmt: skip
        return self.maybe(
            found, middle_name=lambda: self.words(25), suffix=lambda: "III", address=self.address
        )

    def quantity(self) -> dict[str, Any]:
        """Visits or units that fit their frequency."""
        unit = self.one("visits", "units", "hours", "days", "months")
        found: dict[str, Any] = {"amount": self.chance.randint(1, 999), "unit": unit}
        if self.chance.random() < 0.5:
            found["over"] = {"count": self.chance.randint(1, 99), "of": self.one("week", "month")}
        if self.chance.random() < 0.5:
            found["rate"] = {
                "times": self.chance.randint(1, 9), "per": self.one("day", "week", "month"),
            }  # fmt: skip
            most = 999
            if found["rate"]["per"] == "week" and "over" in found:
                over = found["over"]
                most = found["rate"]["times"] * over["count"] * WEEKS[over["of"]]
            found["amount"] = max(found["rate"]["times"], min(found["amount"], most))
        return found

    def attachment(self) -> dict[str, Any]:
        """A document that is sent, or one that the payer may ask for."""
        found = {"type": self.one("M1", "PN", "PY", "08", "77")}
        how = self.one("EL", "FX", "BM", "EM", "AA", "VO")
        if how not in ("AA", "VO") or self.chance.random() < 0.5:
            found["control_number"] = self.id(50)
        found["transmission"] = how
        return self.maybe(found, description=lambda: self.words(80))

    def several(self, make: Callable[[], Any], most: int) -> list[Any]:
        """None, one or some."""
        return [make() for _ in range(self.chance.randint(0, most))]

    def service(self) -> dict[str, Any]:
        """A service line."""
        found = {
            "code": self.one("90837", "97110", "G0283", "0362T"),
            "amount": self.chance.randint(1, 999_999), "unit": self.one("UN", "MJ"),
            "modifiers": self.chance.sample(["GP", "95", "KX", "59"], self.chance.randint(0, 4)),
            "attachments": self.several(self.attachment, 2),
            "providers": self.several(lambda: self.provider("SJ", "71", "DK", "DN", "FA"), 2),
        }  # fmt: skip
        return self.maybe(
            found, trace=self.id, category=lambda: self.one("HS", "SC"), period=self.period,
            service_type=lambda: self.one("PT", "MH", "A6"), quantity=self.quantity,
            message=lambda: self.words(264),
        )  # fmt: skip

    def event(self) -> dict[str, Any]:
        """What is asked for."""
        certification = self.one("I", "R", "S", "4", "1", "2", "3")
        codes = self.chance.sample(CODES, self.chance.randint(1, len(CODES)))
        found: dict[str, Any] = {
            "category": self.one("HS", "AR", "SC", "IN"), "certification": certification,
            "urgent": self.one(True, False), "release_of_information": self.one(*"YAIMO"),
            "related_causes": self.chance.sample(["AA", "AP", "EM"], self.chance.randint(0, 3)),
            "diagnoses": [self.maybe({"code": code}, on=self.past) for code in codes],
            "attachments": self.several(self.attachment, 3),
            "providers": self.several(lambda: self.provider("SJ", "71", "DK", "DN", "FA"), 3),
            "services": self.several(self.service, 4),
        }  # fmt: skip
        found = self.maybe(
            found, previous_reference=self.id, service_type=lambda: self.one("PT", "MH", "A6"),
            place_of_service=lambda: self.one("11", "02"), accident_on=self.past, trace=self.id,
            delay_reason=lambda: self.one("1", "11"), period=self.period, onset_on=self.past,
            quantity=self.quantity, message=lambda: self.words(264),
        )  # fmt: skip
        if found["related_causes"] and self.chance.random() < 0.5:
            found["accident_state"] = "MA"
        if certification != "I" and ("previous_reference" not in found or self.one(True, False)):
            found["previous_authorization"] = self.id()
        if not found["services"]:
            found.setdefault("quantity", self.quantity())
            found.setdefault("service_type", "MH")
        return found

    def request(self) -> dict[str, Any]:
        """A whole case."""
        partner = self.maybe({"id": "HARBOR", "id_type": self.one("ZZ", "30")}, code=lambda: "HB1")
        envelope = self.maybe(
            {"sender": partner, "receiver": {"id": "EXAMPLEPAYER"}, "usage": self.one("T", "P")},
            control_number=lambda: self.chance.randint(1, 999_999_999),
            acknowledgment=lambda: True,
        )
        found = {
            "envelope": envelope, "created": self.created.isoformat(), "reference": self.id(),
            "originator": "9HARBOR001", "requester": self.provider("1P", "FA"),
            "payer": {
                "name": self.words(60), "id": self.id(), "id_type": self.one("PI", "XV", "46"),
            },
            "subscriber": self.maybe(
                self.person() | {"member_id": self.id(80)}, group_number=self.id
            ),
            "event": self.event(),
        }  # fmt: skip
        return self.maybe(found, patient_account=self.id, dependent=self.dependent)

    def dependent(self) -> dict[str, Any]:
        """The patient, where somebody else is insured."""
        return self.person() | {"relationship": self.one("spouse", "child", "employee", "other")}


def random_request(seed: int) -> dict[str, Any]:
    """The case of this seed."""
    return Maker(Random(seed)).request()
