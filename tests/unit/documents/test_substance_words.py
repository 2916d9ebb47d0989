"""What wording counts as telling of substance use: a labelled list, and no way round it."""

from __future__ import annotations

import re

import pytest

from connector.documents import disclosure
from connector.documents.substance_words import tells_of_use
from connector.substance_use import SubstanceUse

TELLS = """
Drink less
Cut down to two drinks on weekends
Drinks only at weddings
No drinking at home
Stop drinking
Drank twice this week
A drinker since 2010
Drink from a bottle in the morning
Replace drink with water
Drink water instead of wine
Drinks vodka and water
Drink coffee with Baileys
Drink cola spiked by friends
Stop drinking alcohol
Drinking rubbing alcohol
ETOH use at intake
One beer a day
No more booze before bed
Gave up whiskey
Wakes with a hangover
Went to work intoxicated
Blackouts after parties
Stay sober
Sobriety date 4 March
Say no to drugs
Substance-free weekends
Overcome addiction
Addicted to phone and to pills, plans detox
Narcotics Anonymous on Mondays
Off opioids by June
Avoid cocaine
Smokes weed at night
Smoking pot with friends
Smoke a joint less often
Less cannabis
Vaping THC
Heroin-free for a year
Start Suboxone
Vivitrol shot monthly
Carry naloxone
Misuse of pain pills
Pill misuse
Abusing Xanax pills
Relapse prevention plan
Relapse of depression and relapse of use
Complete detox
Abstain for 30 days
Overdose in 2019
Name three cravings
Manage urges to use
Is using again
Withdrawal symptoms managed
Stay clean
Clean for six months
Attend AA twice a week
A.A. meetings
NA meetings on Friday
N.A. group
Call my sponsor
12-step program
Works the program: twelve step meetings
SMART Recovery
Recovery group weekly
In recovery
In early recovery since May
Sober living house
Finish rehab
Drug rehab exercise group
Inpatient rehab
DUI class
Under the influence at work
Chemical dependency group
Dual diagnosis treatment
AUDIT-C below 3
AUDIT score 4
DAST-10 lower
BAM use scale
SUD counseling
OUD in remission
F10.20 in remission
""".strip().split("\n")
TELLS += ["Stop drinking\nWater the plants", "Use less\nalcohol", "Use no\tdrugs"]

SAYS_NOTHING = """
Drink more water
Drink 8 glasses of water a day
Drinks at least 64 oz of water daily
Drink 2 liters of fluids
Drinking enough water
Drink less coffee
Drinking one cup of decaf coffee
Drink water with every meal
Drink a glass of milk at bedtime
Drink from a cup with the right hand
Drinking through a straw
Fewer energy drinks after noon
No soft drinks
Take a drink of water without coughing
Walk to the drinking fountain
Anti-inflammatory drugs as needed
Walk to the drug store
Knows about the drug allergy
Clean the site with alcohol wipes
Cardiac rehab twice a week
Knee rehab after surgery
Rehab exercises daily
Rehab of the left shoulder
Recognise early signs of depressive relapse
Prevent relapse into depression
Relapsing-remitting MS, walk 200 m
Less phone addiction
Try a digital detox on Sundays
Addicted to my phone
Home safety audit done
Change the AA batteries of the alarm
Weed the garden for 20 minutes
Hang blackout curtains
Fewer sugar cravings at night
Lower the SUDS rating to 30
Climb 12 steps with a rail
Recovery from knee surgery
In recovery from surgery
Recovery time under 2 minutes
Keep the wound clean and dry
Lift a pot to the shelf
Bend the joint to 90 degrees
Walk 20 minutes
Read aloud
In good spirits most days
Less social withdrawal
Depression in remission
Sleep 7 hours
Use the cane outdoors
Rejoin the book group
""".strip().split("\n")


@pytest.mark.parametrize("text", TELLS)
def test_mentions_of_substance_use_are_found(text: str) -> None:
    assert disclosure.mentions_sud(text, SubstanceUse())
    assert disclosure.mentions_sud(text.upper(), SubstanceUse())


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_what_says_nothing_of_it_is_let_through(text: str) -> None:
    assert not disclosure.mentions_sud(text, SubstanceUse())
    assert not disclosure.mentions_sud(text.lower(), SubstanceUse())


def test_no_phrase_beside_it_hides_a_mention() -> None:
    """Whatever is said before or after, in one sentence or in two."""
    missed = [
        text
        for told in TELLS
        for other in SAYS_NOTHING
        for text in (f"{other} {told}", f"{told}, {other}")
        if not disclosure.mentions_sud(text, SubstanceUse())
    ]
    assert missed == []


def test_the_phrases_let_through_hold_no_other_word() -> None:
    """Each word that is looked for still counts right behind each phrase."""
    for phrase in SAYS_NOTHING:
        assert tells_of_use(f"{phrase} and beer"), phrase


def test_a_mention_is_found_at_the_beginning_of_any_line_of_a_document() -> None:
    parts = {"goals": [{"text": "Walk more\nalcohol free weekends"}], "n": 1, "none": None}
    assert disclosure.sud_within(SubstanceUse(), parts)
    assert disclosure.sud_within(SubstanceUse(), {"plan": ("Weekly\tF10.20",)})
    assert not disclosure.sud_within(SubstanceUse(), {"plan": ("Weekly",), "drugs": ""})


def test_long_texts_are_read_in_time() -> None:
    text = "drink a of a of a " * 2000
    assert tells_of_use(text)
    assert not tells_of_use(re.sub("drink", "sip", text))
