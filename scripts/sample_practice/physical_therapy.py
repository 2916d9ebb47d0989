"""The 17 physical therapy patients of the sample practice, each designed for one decision."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sample_practice.people import Aim, Allowance, Person, Series

BACK = ("M54.50", "Low back pain, unspecified")
SCIATICA = ("M54.16", "Radiculopathy, lumbar region")
KNEE = ("M17.11", "Unilateral primary osteoarthritis, right knee")
KNEE_PAIN = ("M25.561", "Pain in right knee")
ACL = ("S83.511D", "Sprain of anterior cruciate ligament of right knee, subsequent encounter")
HIP = ("M16.12", "Unilateral primary osteoarthritis, left hip")
AFTERCARE = ("Z47.1", "Aftercare following joint replacement surgery")

HARBOR = "Harbor Health Plan (synthetic)"
MEDICARE = "Medicare (synthetic)"
MONDAY_THURSDAY, TUESDAY_FRIDAY, WEDNESDAY_FRIDAY = (3, 4), (3, 4), (2, 5)


def function_aims(walk: str = "In Progress", done: str = "") -> tuple[Aim, ...]:
    """Three usual aims of physical therapy."""
    return (
        Aim("Walk 20 minutes without a rest", walk, "5 min", "15 min", "20 min", done),
        Aim("Climb one flight of stairs step over step", "In Progress", "0", "6", "12"),
        Aim("Do the home program five times a week", "In Progress", "0", "4", "5"),
    )


def pain(first: str, start: int, end: int, weeks: int) -> Series:
    """A weekly pain rating."""
    return Series("NPRS", first, 7, ((0, start), (weeks, end)))


_PATIENTS: tuple[Person, ...] = (
    Person(
        "C-2001", "1971-01-11", "Female", "K-05", "2026-08-03",
        (Series("LEFS", "2026-08-03", 14, ((0, 32), (7, 68)), "items", 2),
         pain("2026-08-03", 8, 2, 14)),
        (AFTERCARE, KNEE), "exceeds", "R4", "LEFS 32 to 68 (higher is better), response", "LEFS",
        steps=MONDAY_THURSDAY, certified_until="2027-01-29", home_done=Decimal("0.9"),
        aims=(Aim("Walk 30 minutes outdoors", "Achieved", "5 min", "35 min", "30 min", "2026-10-26",
                  "1"),
              Aim("Climb two flights of stairs", "Achieved", "0", "24", "24", "2026-11-09", "0"),
              Aim("Garden for an hour", "In Progress", "10 min", "40 min", "60 min", "", "-1")),
        allowances=(Allowance("EM-61001", "2026-08-01", "2027-01-31", 36, 36),),
    ),
    Person(
        "C-2002", "1959-07-20", "Male", "K-05", "2026-08-18",
        (Series("LEFS", "2026-08-18", 14, ((0, 48), (6, 36)), wobble=2),
         pain("2026-08-18", 4, 7, 12)),
        (HIP,), "below", "R1", "LEFS 48 to 36 (higher is better): reliable deterioration", "LEFS",
        steps=TUESDAY_FRIDAY, hour=9, certified_until="2027-01-15", aims=function_aims(),
    ),
    Person(
        "C-2003", "1983-03-14", "Female", "K-06", "2026-08-10",
        (Series("ODI", "2026-08-10", 14, ((0, 44), (7, 16)), "items"),
         pain("2026-08-10", 7, 2, 14)),
        (BACK,), "exceeds", "R4", "ODI 44 to 16: reliable, response", "ODI",
        steps=MONDAY_THURSDAY, certified_until="2027-01-08",
        aims=function_aims("Achieved", "2026-10-19"), home_done=Decimal("1.0"),
    ),
    Person(
        "C-2004", "1976-10-02", "Male", "K-06", "2026-08-26",
        (Series("ODI", "2026-08-26", 14, ((0, 52), (6, 38)), "items"),
         pain("2026-08-26", 7, 5, 12)),
        (SCIATICA,), "meets", "R5", "ODI 52 to 38: reliable, 27 percent", "ODI",
        steps=WEDNESDAY_FRIDAY, hour=14, certified_until="2027-01-20", aims=function_aims(),
        allowances=(Allowance("EM-61377", "2026-08-20", "2027-02-20", 30, 40, "Partly Approved"),),
    ),
    Person(
        "C-2005", "1990-02-09", "Female", "K-06", "2026-09-14",
        (Series("ODI", "2026-09-14", 14, ((0, 30), (4, 42)), "items"),
         pain("2026-09-14", 5, 7, 8)),
        (BACK,), "below", "R1", "ODI 30 to 42: reliable deterioration", "ODI",
        steps=MONDAY_THURSDAY, hour=11, certified_until="2026-12-14", aims=function_aims(),
        payer=HARBOR,
    ),
    Person(
        "C-2006", "1968-12-18", "Male", "K-05", "2026-09-08",
        (Series("ODI", "2026-09-08", 14, ((0, 38), (5, 34)), "items"),
         pain("2026-09-08", 0, 1, 10)),
        (BACK,), "below", "R8", "ODI 38 to 34: 11 percent at week 10, low home program", "ODI",
        steps=(7,), hour=15, certified_until="2026-12-07", aims=function_aims(),
        home_done=Decimal("0.3"), payer=HARBOR, unsigned=("2026-11-17",),
        allowances=(Allowance("HH-71250", "2026-11-01", "2027-01-31", 0, 12, "Denied"),),
    ),
    Person(
        "C-2007", "1994-05-31", "Female", "K-06", "2026-10-19",
        (Series("ODI", "2026-10-19", 14, ((0, 32), (1, 28), (2, 24)), "items"),
         pain("2026-10-19", 6, 5, 4)),
        (BACK,), "meets", "R7", "ODI 32 to 24: 25 percent at week 4, not yet reliable", "ODI",
        steps=MONDAY_THURSDAY, hour=9, certified_until="2027-01-17", aims=function_aims(),
    ),
    Person(
        "C-2008", "2002-08-27", "Male", "K-05", "2026-11-12",
        (Series("LEFS", "2026-11-12", 4, ((0, 38), (1, 41)), "items"),
         pain("2026-11-12", 6, 6, 1)),
        (ACL,), "too_early", "R2", "second LEFS after 4 days, recall window 7", "LEFS",
        steps=(4, 3), hour=16, certified_until="2027-02-10", aims=function_aims(),
    ),
    Person(
        "C-2009", "1955-11-29", "Female", "K-05", "2026-11-17",
        (Series("LEFS", "2026-11-17", 7, ((0, 33),), "items"),),
        (KNEE,), "insufficient_data", "R0", "only the evaluation LEFS", "LEFS",
        steps=TUESDAY_FRIDAY, hour=8, certified_until="2027-02-15", payer=MEDICARE,
        aims=function_aims(),
    ),
    Person(
        "C-2010", "1986-06-13", "Male", "K-06", "2026-11-02",
        (Series("LEFS", "2026-11-02", 14, ((0, 40), (1, 46)), "items"),
         pain("2026-11-02", 6, 5, 2)),
        (KNEE_PAIN,), "too_early", "R6", "LEFS 40 to 46, 18 days since baseline", "LEFS",
        steps=MONDAY_THURSDAY, hour=13, certified_until="2027-01-31", aims=function_aims(),
    ),
    Person(
        "C-2011", "1951-04-01", "Female", "K-05", "2026-10-12",
        (Series("LEFS", "2026-10-12", 14, ((0, 28), (1, 33)), "items"),
         Series("LEFS", "2026-11-16", 7, ((0, 40),), "items"), pain("2026-10-12", 7, 5, 5)),
        (KNEE,), "meets", "R5", "Medicare patient at visit 10; LEFS 28 to 40", "LEFS",
        steps=MONDAY_THURSDAY, hour=10, certified_until="2027-01-10", payer=MEDICARE,
        only_given_statuses=True,
        visit_status={"2026-10-22": "Cancelled", "2026-11-09": "Clinician Cancelled"},
        aims=function_aims(),
    ),
    Person(
        "C-2012", "1980-09-17", "Male", "K-06", "2026-10-19",
        (Series("LEFS", "2026-10-19", 14, ((0, 35), (1, 43)), "items"),
         Series("LEFS", "2026-11-12", 7, ((0, 50),), "items"), pain("2026-10-19", 7, 4, 3)),
        (ACL,), "meets", "R5", "LEFS 35 to 50; 7 of 8 authorized visits attended, the 8th booked",
        "LEFS", steps=MONDAY_THURSDAY, hour=15, booked=1, certified_until="2027-01-17",
        only_given_statuses=True, payer=HARBOR,
        visit_status={"2026-11-16": "Cancelled", "2026-11-19": "Clinician Cancelled"},
        allowances=(Allowance("HH-71888", "2026-10-20", "2026-12-31", 8, 8),),
        aims=function_aims(),
    ),
    Person(
        "C-2013", "1974-01-24", "Female", "K-06", "2026-08-31",
        (Series("ODI", "2026-08-31", 14, ((0, 46), (5, 32)), "items"),
         pain("2026-08-31", 6, 4, 10)),
        (SCIATICA,), "meets", "R5", "ODI 46 to 32; authorization ends 11/28, certification 11/29",
        "ODI", steps=MONDAY_THURSDAY, hour=12, certified_until="2026-11-29",
        allowances=(Allowance("EM-62040", "2026-08-30", "2026-11-28", 40, 40),),
        aims=function_aims(), review="2026-11-29",
    ),
    Person(
        "C-2014", "1988-11-11", "Male", "K-05", "2026-07-07",
        (Series("LEFS", "2026-07-07", 21, ((0, 30), (4, 58), (6, 44)), "items", 2),
         pain("2026-07-07", 7, 4, 18)),
        (ACL,), "meets", "R5", "LEFS 30 to 44 is reliable, but gains lost from 58", "LEFS",
        steps=(7,), hour=11, certified_until="2027-01-04", aims=function_aims(),
    ),
    Person(
        "C-2015", "1965-02-28", "Female", "K-06", "2026-08-12",
        (Series("ODI", "2026-08-12", 14, ((0, 42), (7, 20)), "items"),
         pain("2026-08-12", 3, 6, 14)),
        (BACK,), "meets", "R4", "ODI 42 to 20 would exceed; pain 3 to 6 caps it", "ODI",
        capped_by="NPRS", steps=WEDNESDAY_FRIDAY, hour=9, certified_until="2027-01-08",
        aims=(Aim("Sit through a two-hour meeting", "Achieved", "20 min", "120 min", "120 min",
                  "2026-10-21", "1", weight="2"),
              Aim("Lift a 10 kg bag from the floor", "In Progress", "0", "6 kg", "10 kg", "", "0"),
              Aim("Sleep without waking from pain", "Not Achieved", "2", "2", "6", "", "-1")),
    ),
    Person(
        "C-2016", "1999-07-04", "Male", "K-05", "2026-09-15",
        (Series("LEFS", "2026-09-15", 14, ((0, 44), (2, 46), (4, 48))),
         pain("2026-09-15", 5, 4, 6)),
        (KNEE_PAIN,), "below", "R8", "LEFS 44 to 48: 11 percent at week 8; last two visits missed",
        "LEFS", steps=TUESDAY_FRIDAY, hour=8, certified_until="2026-12-14", payer=HARBOR,
        visit_status={"2026-11-17": "No Show", "2026-11-20": "No Show"},
        allowances=(Allowance("HH-72110", "2026-09-16", "2026-12-31", None, 16, "Pended"),),
        aims=function_aims(), home_done=Decimal("0.5"),
    ),
    Person(
        "C-2017", "1978-03-08", "Female", "K-06", "2026-02-11",
        (Series("LEFS", "2026-02-11", 14, ((0, 38), (7, 74)), "items", 2),
         pain("2026-02-11", 7, 1, 14)),
        (ACL,), "exceeds", "R4", "discharged in May: LEFS 38 to 74", "LEFS",
        steps=WEDNESDAY_FRIDAY, last_visit="2026-05-20", booked=0, discharged=True,
        certified_until="2026-05-12", aims=function_aims("Achieved", "2026-05-13"),
        review="2026-05-12",
    ),
)  # fmt: skip

PHYSICAL_THERAPY: tuple[Person, ...] = tuple(
    replace(person, program="Physical Therapy", modality="Therapeutic exercise")
    for person in _PATIENTS
)
