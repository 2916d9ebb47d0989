"""The 32 mental health patients of the sample practice, each designed for one decision."""

from __future__ import annotations

from sample_practice.people import Aim, Allowance, Answers, Person, Series

MDD_MODERATE = ("F33.1", "Major depressive disorder, recurrent, moderate")
MDD_SINGLE = ("F32.1", "Major depressive disorder, single episode, moderate")
MDD_MILD = ("F32.0", "Major depressive disorder, single episode, mild")
GAD = ("F41.1", "Generalized anxiety disorder")
PTSD = ("F43.10", "Post-traumatic stress disorder, unspecified")
ADJUSTMENT = ("F43.21", "Adjustment disorder with depressed mood")
ALCOHOL = ("F10.20", "Alcohol dependence, uncomplicated")

HARBOR = "Harbor Health Plan (synthetic)"
TPO, SUD, PORTAL = "Treatment, payment, operations", "SUD disclosure", "Portal"


def mood_aims(start: int, now: int, target: int, done: str = "") -> tuple[Aim, ...]:
    """Three usual aims of depression care; the first is achieved on ``done``."""
    status = "Achieved" if done else "In Progress"
    return (
        Aim("Lower the mood score to the target", status, str(start), str(now), str(target), done),
        Aim("Plan and do three pleasant activities a week", "In Progress", "0", "2", "3"),
        Aim("Return to usual work and home roles", "In Progress", kind="Goal"),
    )


def worry_aims(start: int, now: int, target: int) -> tuple[Aim, ...]:
    """Two usual aims of anxiety care."""
    return (
        Aim("Lower the worry score", "In Progress", str(start), str(now), str(target)),
        Aim("Use a worry period instead of checking", "In Progress", "0", "3", "5"),
    )


MENTAL_HEALTH: tuple[Person, ...] = (
    Person(
        "C-1001", "1988-04-12", "Female", "K-01", "2026-02-18",
        (Series("PHQ-9", "2026-02-18", 21, ((0, 18), (8, 8), (13, 4)), "both"),
         Series("GAD-7", "2026-02-18", 21, ((0, 13), (13, 5))),
         Series("WSAS", "2026-02-18", 28, ((0, 24), (9, 7)))),
        (MDD_MODERATE, GAD), "exceeds", "R4", "PHQ-9 18 to 4: reliable, remission", "PHQ-9",
        aims=(
            Aim("Lower the mood score below 5", "Achieved", "18", "4", "4", "2026-11-18", "1"),
            Aim("Sleep seven hours on five nights a week", "Achieved", "2", "6", "5", "2026-09-02",
                "2"),
            Aim("Resume the weekly choir", "In Progress", "0", "3", "4", "", "0", weight="2"),
        ),
        consents=((TPO, "2026-02-18", "", ""), (PORTAL, "2026-02-18", "", "")),
        allowances=(Allowance("EM-48211", "2026-07-01", "2026-12-31", 26, 26),),
    ),
    Person(
        "C-1002", "1979-09-30", "Male", "K-01", "2026-03-02",
        (Series("PHQ-9", "2026-03-02", 14, ((0, 21), (18, 13)), "items"),
         Series("WSAS", "2026-03-02", 28, ((0, 28), (9, 18)))),
        (MDD_MODERATE,), "meets", "R5", "PHQ-9 21 to 13: reliable, still clinical", "PHQ-9",
        aims=mood_aims(21, 13, 9), hour=11,
    ),
    Person(
        "C-1003", "1995-01-19", "Female", "K-02", "2026-05-05",
        (Series("PHQ-9", "2026-05-05", 14, ((0, 14), (7, 13), (14, 21)), "items",
                positive_last=2),
         Series("WSAS", "2026-05-05", 28, ((0, 20), (7, 26)))),
        (MDD_SINGLE,), "below", "R1", "PHQ-9 14 to 21 with item 9 positive", "PHQ-9",
        aims=mood_aims(14, 21, 7), hour=9, payer=HARBOR,
    ),
    Person(
        "C-1004", "2001-11-03", "Female", "K-02", "2026-06-11",
        (Series("PHQ-9", "2026-06-11", 21, ((0, 12), (7, 8)), "items"),
         Series("WSAS", "2026-06-11", 28, ((0, 14), (5, 8)))),
        (MDD_MILD,), "exceeds", "R4", "PHQ-9 12 to 6 (exactly reliable, crossed) while item 9 is 1",
        "PHQ-9", answers=(Answers("PHQ-9", "2026-11-19", (1, 1, 1, 1, 0, 1, 0, 0, 1)),),
        aims=mood_aims(12, 6, 5), hour=13,
    ),
    Person(
        "C-1005", "1970-06-22", "Male", "K-03", "2026-03-24",
        (Series("PHQ-9", "2026-03-24", 28, ((0, 15), (7, 16))),),
        (MDD_MODERATE, ALCOHOL), "below", "R8", "PHQ-9 15 to 16 in 28 weeks; last score overdue",
        "PHQ-9", steps=(14,), aims=mood_aims(15, 16, 8), participated="No",
        consents=((TPO, "2026-03-24", "", ""), (SUD, "2026-03-24", "2027-03-24", "2026-08-11")),
    ),
    Person(
        "C-1006", "1999-02-14", "Other", "K-01", "2026-10-07",
        (Series("PHQ-9", "2026-10-07", 14, ((0, 15), (1, 14), (2, 12), (3, 10)), "items"),
         Series("WSAS", "2026-10-07", 28, ((0, 18), (1, 15)))),
        (MDD_SINGLE,), "meets", "R7", "PHQ-9 15 to 10: 33 percent at week 6, not yet reliable",
        "PHQ-9", hour=14, aims=mood_aims(15, 10, 7),
    ),
    Person(
        "C-1007", "1984-08-08", "Female", "K-03", "2026-11-10",
        (Series("PHQ-9", "2026-11-10", 7, ((0, 17), (1, 15)), "items"),),
        (MDD_SINGLE,), "too_early", "R2", "second PHQ-9 after 7 days, recall window 14", "PHQ-9",
        hour=15, aims=mood_aims(17, 15, 8),
    ),
    Person(
        "C-1008", "1992-12-01", "Male", "K-04", "2026-11-12",
        (Series("PHQ-9", "2026-11-12", 7, ((0, 13),), "items"),),
        (ADJUSTMENT,), "insufficient_data", "R0", "only one PHQ-9", "PHQ-9", payer=HARBOR,
    ),
    Person(
        "C-1009", "1966-03-27", "Female", "K-04", "2026-10-29",
        (Series("PHQ-9", "2026-10-29", 14, ((0, 16), (1, 14)), "items"),),
        (MDD_SINGLE,), "too_early", "R6", "PHQ-9 16 to 14, 22 days since baseline", "PHQ-9",
        hour=11, aims=mood_aims(16, 14, 8),
    ),
    Person(
        "C-1010", "1958-10-10", "Male", "K-01", "2026-06-15",
        (Series("PHQ-9", "2026-06-15", 28, ((0, 7), (5, 6)), "items"),),
        (MDD_MILD,), "meets", "R3", "PHQ-9 7 to 6: outside the clinical range throughout", "PHQ-9",
        steps=(14,), hour=16,
        aims=(Aim("Keep the mood score under 10", "Achieved", "7", "6", "9", "2026-11-02"),),
    ),
    Person(
        "C-1011", "1990-07-07", "Female", "K-02", "2026-03-20",
        (Series("GAD-7", "2026-03-20", 14, ((0, 15), (9, 8), (17, 4)), "items"),
         Series("PHQ-9", "2026-03-20", 28, ((0, 9), (8, 5))),
         Series("WSAS", "2026-03-20", 28, ((0, 17), (8, 6)))),
        (GAD,), "exceeds", "R4", "GAD-7 15 to 4: reliable, remission", "GAD-7",
        aims=worry_aims(15, 4, 7), consents=((PORTAL, "2026-03-20", "", ""),),
    ),
    Person(
        "C-1012", "1982-05-16", "Male", "K-02", "2026-05-13",
        (Series("GAD-7", "2026-05-13", 14, ((0, 18), (13, 13)), "items"),
         Series("WSAS", "2026-05-13", 28, ((0, 22), (6, 16)))),
        (GAD,), "meets", "R5", "GAD-7 18 to 13: reliable, still clinical", "GAD-7",
        hour=12, aims=worry_aims(18, 13, 7), review="2026-11-24",
    ),
    Person(
        "C-1013", "2003-03-03", "Female", "K-03", "2026-07-06",
        (Series("GAD-7", "2026-07-06", 14, ((0, 10), (4, 10), (9, 15))),),
        (GAD,), "below", "R1", "GAD-7 10 to 15: reliable deterioration", "GAD-7",
        hour=9, aims=worry_aims(10, 15, 5), payer=HARBOR,
    ),
    Person(
        "C-1014", "1975-11-25", "Male", "K-04", "2026-06-30",
        (Series("GAD-7", "2026-06-30", 14, ((0, 12), (8, 11)), "items"),),
        (GAD,), "below", "R8", "GAD-7 12 to 11; last two visits missed, score overdue", "GAD-7",
        visit_status={"2026-11-10": "No Show", "2026-11-17": "No Show"},
        aims=worry_aims(12, 11, 5),
    ),
    Person(
        "C-1015", "1986-01-30", "Female", "K-03", "2026-04-02",
        (Series("PCL-5", "2026-04-02", 14, ((0, 52), (10, 34), (16, 24)), "items", 2),
         Series("PHQ-9", "2026-04-02", 28, ((0, 15), (8, 9))),
         Series("WSAS", "2026-04-02", 28, ((0, 26), (8, 11)))),
        (PTSD,), "exceeds", "R4", "PCL-5 52 to 24: reliable, crossed 28", "PCL-5",
        modality="Prolonged exposure", psychotherapy_notes=True,
        aims=(Aim("Drive past the avoided crossing twice a week", "Achieved", "0", "2", "2",
                  "2026-10-08"),
              Aim("Sleep without checking the locks", "In Progress", "0", "4", "6")),
    ),
    Person(
        "C-1016", "1978-08-19", "Male", "K-04", "2026-06-03",
        (Series("PCL-5", "2026-06-03", 14, ((0, 48), (12, 32)), "items", 2),
         Series("WSAS", "2026-06-03", 28, ((0, 25), (6, 18)))),
        (PTSD,), "meets", "R5", "PCL-5 48 to 32: reliable, still clinical", "PCL-5",
        modality="Prolonged exposure", psychotherapy_notes=True,
        aims=(Aim("Attend one crowded place a week", "In Progress", "0", "1", "1"),),
        allowances=(Allowance("EM-50120", "2026-06-01", "2027-01-31", 30, 30),),
    ),
    Person(
        "C-1017", "1997-04-04", "Female", "K-01", "2026-07-13",
        (Series("PCL-5", "2026-07-13", 14, ((0, 45), (5, 46), (9, 61)), wobble=2),),
        (PTSD,), "below", "R1", "PCL-5 45 to 61: reliable deterioration", "PCL-5", hour=15,
        modality="Prolonged exposure",
        aims=(Aim("Lower the trauma symptom score", "Not Achieved", "45", "61", "30"),),
    ),
    Person(
        "C-1018", "1993-09-09", "Male", "K-02", "2026-09-22",
        (Series("PCL-5", "2026-09-22", 14, ((0, 50), (4, 38)), "items", 2),),
        (PTSD,), "below", "R8", "PCL-5 50 to 38: 24 percent at week 8, curve 35, not reliable",
        "PCL-5", hour=16, modality="Prolonged exposure",
        aims=(Aim("Finish the in vivo hierarchy to step 5", "In Progress", "0", "2", "5"),),
    ),
    Person(
        "C-1019", "1981-02-02", "Female", "K-03", "2026-01-12",
        (Series("PHQ-9", "2026-01-12", 14, ((0, 19), (8, 8)), "items"),
         Series("PHQ-9", "2026-09-09", 14, ((0, 14), (5, 11)), "items")),
        (MDD_MODERATE,), "below", "R8",
        "second episode after 128 days: PHQ-9 14 to 11; from January's 19 it would look reliable",
        "PHQ-9", last_visit="2026-05-04", more_visits=(("2026-09-09", "2026-11-20"),), hour=17,
        aims=mood_aims(14, 11, 7), intake_recorded=False,
    ),
    Person(
        "C-1020", "1969-12-12", "Male", "K-04", "2026-05-06",
        (Series("PHQ-9", "2026-06-24", 21, ((0, 16), (7, 8)), "items"),),
        (MDD_MODERATE,), "exceeds", "R4", "late baseline (49 days); PHQ-9 16 to 8", "PHQ-9",
        hour=13, aims=mood_aims(16, 8, 7),
    ),
    Person(
        "C-1021", "1987-05-29", "Female", "K-01", "2026-07-10",
        (Series("PHQ-9", "2026-07-10", 28, ((0, 0), (4, 3)), "items"),
         Series("GAD-7", "2026-07-10", 28, ((0, 0), (4, 1)), "items")),
        (("Z63.0", "Problems in relationship with spouse or partner"),), "meets", "R3",
        "baseline zero: no percent, maintained", "PHQ-9", hour=18,
        aims=(Aim("Agree a weekly talk about money", "In Progress", "0", "1", "1"),),
    ),
    Person(
        "C-1022", "1994-10-21", "Male", "K-02", "2026-04-16",
        (Series("PHQ-9", "2026-04-16", 21, ((0, 20), (10, 9)), "items"),
         Series("GAD-7", "2026-04-16", 21, ((0, 9), (5, 10), (10, 15)))),
        (MDD_MODERATE, GAD), "meets", "R4", "PHQ-9 20 to 9 would exceed; GAD-7 9 to 15 caps it",
        "PHQ-9", capped_by="GAD-7", hour=15,
        aims=(Aim("Lower the mood score below 10", "Achieved", "20", "9", "9", "2026-11-12", "1"),
              Aim("Present once at the team meeting", "In Progress", "0", "0", "1", "", "-1")),
    ),
    Person(
        "C-1023", "1973-03-18", "Female", "K-03", "2026-03-16",
        (Series("PHQ-9", "2026-03-16", 21, ((0, 20), (8, 6), (11, 14)), "items"),),
        (MDD_MODERATE,), "meets", "R5", "PHQ-9 20 to 14 is reliable, but gains lost from 6",
        "PHQ-9", hour=11, aims=mood_aims(20, 14, 7),
    ),
    Person(
        "C-1024", "2000-06-06", "Male", "K-04", "2026-06-10",
        (Series("PHQ-9", "2026-06-10", 21, ((0, 15), (6, 11)), "items"),),
        (MDD_SINGLE,), "exceeds", "R4",
        "last valid PHQ-9 is prorated to 9 (two blanks); the one after has four blanks, no total",
        "PHQ-9",
        answers=(
            Answers("PHQ-9", "2026-07-08", (2, 2, 1, 1, 2, 1, 1, 1, None)),
            Answers("PHQ-9", "2026-11-04", (1, 1, None, 1, 2, None, 1, 1, 0)),
            Answers("PHQ-9", "2026-11-18", (1, None, None, 1, 1, None, 1, 1, None)),
        ),
        aims=mood_aims(15, 9, 7),
    ),
    Person(
        "C-1025", "1962-01-08", "Female", "K-01", "2026-07-28",
        (Series("PHQ-9", "2026-07-28", 28, ((0, 17), (4, 12))),),
        (MDD_MODERATE,), "below", "R8", "totals only: PHQ-9 17 to 12, 29 percent at week 16",
        "PHQ-9", hour=13, aims=mood_aims(17, 12, 8), modality="IPT",
    ),
    Person(
        "C-1026", "1991-08-15", "Female", "K-02", "2026-07-14",
        (Series("GAD-7", "2026-07-14", 28, ((0, 14), (4, 9)), "items"),),
        (GAD,), "meets", "R5", "GAD-7 14 to 9; 6 of 8 authorized visits used, the 7th is booked",
        "GAD-7", steps=(14,), booked=1, only_given_statuses=True, payer=HARBOR,
        allowances=(Allowance("HH-70077", "2026-09-01", "2026-12-31", 8, 8),),
        aims=worry_aims(14, 9, 7), participated="Yes",
    ),
    Person(
        "C-1027", "1985-07-23", "Male", "K-03", "2026-07-22",
        (Series("PHQ-9", "2026-07-22", 14, ((0, 22), (8, 17)), "items"),),
        (MDD_MODERATE, ALCOHOL), "below", "R8",
        "PHQ-9 22 to 17, 23 percent at week 16; authorization ended 10/31", "PHQ-9",
        hour=12, modality="DBT", payer=HARBOR,
        allowances=(Allowance("HH-70091", "2026-08-01", "2026-10-31", 14, 14),),
        consents=((SUD, "2026-07-22", "2027-07-22", ""), (TPO, "2026-07-22", "", "")),
        aims=mood_aims(22, 17, 9), unsigned=("2026-11-11", "2026-11-18"),
    ),
    Person(
        "C-1028", "1998-12-30", "Female", "K-04", "2026-10-19",
        (Series("GAD-7", "2026-10-19", 14, ((0, 13), (1, 11), (2, 10)), "items"),
         Series("WSAS", "2026-10-19", 28, ((0, 16), (1, 13)))),
        (GAD,), "meets", "R7", "GAD-7 13 to 10: 23 percent at week 4; requested 20, authorized 12",
        "GAD-7", hour=14,
        allowances=(Allowance("EM-51904", "2026-10-20", "2027-02-28", 12, 20, "Partly Approved"),),
        aims=worry_aims(13, 10, 6),
    ),
    Person(
        "C-1029", "1977-02-17", "Male", "K-01", "2026-08-05",
        (Series("PHQ-9", "2026-08-05", 14, ((0, 18), (6, 17), (7, 11))),),
        (MDD_MODERATE,), "below", "R8",
        "last PHQ-9 corrected from 11 to 17; an older reading (8) arrives late and must lose",
        "PHQ-9", hour=9, aims=mood_aims(18, 17, 9),
    ),
    Person(
        "C-1030", "1989-09-01", "Female", "K-02", "2026-07-09",
        (Series("PHQ-9", "2026-07-09", 14, ((0, 16), (8, 9), (9, 22))),),
        (MDD_SINGLE,), "exceeds", "R4", "PHQ-9 16 to 9; the 22 of 11/12 is retracted by the source",
        "PHQ-9", hour=11, aims=mood_aims(16, 9, 7),
    ),
    Person(
        "C-1031", "1964-05-05", "Male", "K-03", "2025-12-03",
        (Series("PHQ-9", "2025-12-03", 14, ((0, 17), (9, 8), (16, 3)), "items"),),
        (MDD_SINGLE,), "exceeds", "R4", "discharged in July: PHQ-9 17 to 3", "PHQ-9",
        last_visit="2026-07-15", booked=0, discharged=True,
        aims=mood_aims(17, 3, 5, "2026-07-15"), review="2026-06-01",
    ),
    Person(
        "C-1032", "1996-04-26", "Other", "K-04", "2026-06-05",
        (Series("PHQ-9", "2026-06-05", 28, ((0, 19), (6, 14)), "items"),
         Series("WSAS", "2026-06-05", 28, ((0, 21), (5, 16)))),
        (("MDD, recurrent", "Depression"),), "below", "R8",
        "PHQ-9 19 to 14; the only diagnosis is no ICD-10 code; plan unsigned", "PHQ-9",
        psychotherapy_notes=True, plan_signed="No", participated="",
        unsigned=("2026-11-06", "2026-11-13", "2026-11-20"), review="2026-11-18",
    ),
)  # fmt: skip
