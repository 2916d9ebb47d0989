"""Whether a text's wording tells of substance use or its treatment (42 CFR Part 2).

Phrases that mean something else ("drink more water", "cardiac rehab") are taken out first; whatever
word is left then counts. So a phrase never excuses another word, and what is in doubt is held back.
Tobacco is no substance use disorder there (42 CFR 2.11), so smoking alone is not looked for.
"""

from __future__ import annotations

import re

# Only blanks on one line join a phrase: "Stop drinking", line break, "Water the plants" is none.
_GAP = r"[ \t]+"
_BREWS = (
    r"(?:water|fluids?|liquids?|tea|coffee|milk|juice|soda|cola|smoothies?|broth|"
    r"protein[ \t]+shakes?)"
)
_HOW_MUCH = (
    r"(?:at[ \t]+least|more|less|fewer|enough|plenty[ \t]+of|lots?[ \t]+of|some|only|too|much|a|"
    r"the|of|one|two|three|four|five|six|seven|eight|\d+(?:[.,]\d+)?|glass(?:es)?|cups?|liters?|"
    r"litres?|bottles?|ounces?|oz|ml|l|extra|cold|warm|hot|iced|herbal|green|black|decaf|plain|sparkling)"
)
_ADDED = (
    r"(?:spiked|laced|mixed|punch|stout|with(?![ \t]+(?:(?:each|every|all|my|his|her)[ \t]+)?"
    r"(?:meals?|food|breakfast|lunch|dinner)))\b"
)
_PARTS = (
    r"(?:shoulder|rotator[ \t]+cuff|knee|hip|ankle|foot|wrist|hand|elbow|neck|spine|spinal|acl|"
    r"cardiac|pulmonary|vestibular|stroke|pelvic(?:[ \t]+floor)?|balance|gait|concussion|"
    r"post-?op(?:erative)?|post-?surgical|lumbar|cervical)"
)
_SCREENS = (
    r"(?:(?:smart|cell)?phones?|screens?|gaming|video[ \t-]?games?|internet|social[ \t]+media|"
    r"technology|digital|sugar|shopping|work)"
)
_MOODS = (
    r"(?:depress\w+|anxiety|panic|psychosis|psychotic|manic|mania|bipolar|low[ \t]+mood|anorexia|"
    r"bulimia|ocd|ptsd|multiple[ \t]+sclerosis|ms)"
)
_OTHERWISE = re.compile(
    r"\b(?:"
    rf"drink(?:s|ing)?{_GAP}(?:{_HOW_MUCH}{_GAP}){{0,6}}{_BREWS}\b(?!{_GAP}{_ADDED})"
    rf"|drink{_GAP}of{_GAP}water|drinking{_GAP}fountains?"
    rf"|drink(?:s|ing)?{_GAP}(?:from|through|with){_GAP}(?:an?{_GAP}|the{_GAP})?(?:open{_GAP})?"
    r"(?:cup|straw|mug)"
    rf"|(?:soft|energy|sports?|sugary|caffeinated|electrolyte|thickened){_GAP}drinks?"
    rf"|anti[ -]?inflammatory{_GAP}drugs?|drug{_GAP}stores?|drug{_GAP}allerg(?:y|ies)"
    rf"|(?:rubbing|isopropyl){_GAP}alcohol|alcohol{_GAP}(?:swabs?|wipes?|pads?|prep{_GAP}pads?)"
    rf"|{_PARTS}{_GAP}rehab|rehab{_GAP}exercis\w*|rehab{_GAP}(?:for|of){_GAP}"
    rf"(?:(?:the|my|his|her|their|left|right){_GAP}){{0,2}}{_PARTS}"
    rf"|{_MOODS}(?:{_GAP}|-)relaps\w+|relaps\w+{_GAP}(?:of|into|in){_GAP}"
    rf"(?:(?:my|his|her|their|the|major|severe){_GAP})?{_MOODS}|relapsing[ -]remitting"
    rf"|{_SCREENS}(?:{_GAP}|-)(?:addict\w*|detox\w*)"
    rf"|addict\w*{_GAP}to{_GAP}(?:(?:my|his|her|their|the){_GAP})?{_SCREENS}"
    rf"|(?:chart|documentation|billing|home{_GAP}safety|safety|fall){_GAP}audit"
    rf"|aa{_GAP}batter(?:y|ies)"
    rf"|weed{_GAP}(?:(?:the|my|his|her|their){_GAP})?(?:garden|yard|lawn|flower{_GAP}?beds?)"
    rf"|blackout{_GAP}(?:curtains?|blinds?|shades?)"
    rf"|(?:food|sugar|sweet|chocolate|carb\w*|snack|salt){_GAP}cravings?"
    rf"|cravings?{_GAP}for{_GAP}(?:food|sugar|sweets|chocolate|carb\w*|snacks|salt)"
    r")\b",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"\b(?:"
    r"alcohol\w*|etoh|drink(?:s|ing|ers?)?|drank|drunk\w*|booz\w+|beers?|wines?|vodka|whiske?y|"
    r"bourbon|tequila|rum|gin|brandy|scotch|champagne|margaritas?|martinis?|liquors?|liqueurs?|"
    r"moonshine|cocktails?|hard[\s-](?:cider|seltzer|lemonade|tea)|tipsy|"
    r"hung[\s-]?over|hangovers?|intoxicat\w*|inebriat\w*|blackouts?|dry\s+january|"
    r"drugs?|substances?|addict\w*|narcotics?|opioids?|opiates?|cocaine|smok\w+\s+(?:crack|pot|"
    r"(?:a\s+)?joints?)|cannabis|marijuana|weed|thc|vap(?:e|es|ed|ing)|heroin|fentanyl|kratom|meth|"
    r"methamphetamines?|amphetamines?|mdma|lsd|ecstasy|ketamine|hallucinogen\w*|inhalants?|"
    r"methadone|buprenorphine|suboxone|subutex|sublocade|naltrexone|vivitrol|naloxone|narcan|"
    r"disulfiram|antabuse|acamprosate|"
    r"(?:medications?|meds|prescriptions?|pills?|painkillers?|benzos?|benzodiazepines?)\s+"
    r"(?:ab|mis|over)use|(?:ab|mis|over)us(?:e|es|ed|ing)\s+(?:of\s+)?(?:\w+\s+)?"
    r"(?:medic\w+|meds|prescriptions?|pills?|painkillers?|benzos?|benzodiazepines?)|"
    r"sober\w*|sobriety|relaps\w+|detox\w*|abstinen\w+|abstain\w*|overdos\w+|cravings?|"
    r"urges?\s+to\s+use|using\s+again|withdrawal\s+(?:symptoms?|management|seizures?)|ciwa\w*|"
    r"(?:stay|stays|staying|stayed|get|getting|been|remain\w*)\s+clean(?!\s+and\s+dry)|"
    r"clean\s+(?:for|since)\s+(?:\w+\s+){0,2}(?:days?|weeks?|months?|years?)|"
    r"recovery\s+(?:groups?|meetings?|coach\w*|house)|smart\s+recovery|"
    r"in\s+(?:(?:early|active|long[\s-]term)\s+)?recovery(?!\s+(?:from|after|of|phase|time))|"
    r"sponsors?|(?:12|twelve)[\s-]steps?\s+(?:programs?|groups?|meetings?|work)|al-?anon|"
    r"n\.?a\.?\s+(?:meetings?|groups?)|a\.a\.|chemical\s+dependen\w+|dual[\s-]diagnosis|"
    r"under\s+the\s+influence|dui|dwi|toxicology|"
    r"rehab|AA|SUD|OUD|AUD|AUDIT|AUDIT-C|DAST\S*|BAM"
    r")(?!\w)",
    re.IGNORECASE,
)


def tells_of_use(text: str) -> bool:
    """True when the wording tells of it, or when that is in doubt."""
    return _WORDS.search(_OTHERWISE.sub(";", text)) is not None
