"""X12's data elements, version 005010: number, name, type, shortest and longest value.

Names and sizes are those of the public element dictionary (pyx12 ``dataele.xml`` and its 5010 maps,
BSD; checked against an open 005010 description of the 278). A guide narrows them by code lists.
Postal codes (116) are text here: other countries' have blanks.
"""

from __future__ import annotations

from connector.x12.guide import DataType

_TABLE = """
I01 ID 2 2 authorization information qualifier
I02 AN 10 10 authorization information
I03 ID 2 2 security information qualifier
I04 AN 10 10 security information
I05 ID 2 2 interchange ID qualifier
I06 AN 15 15 interchange sender ID
I07 AN 15 15 interchange receiver ID
I08 DT 6 6 interchange date
I09 TM 4 4 interchange time
I11 ID 5 5 interchange version
I12 N0 9 9 interchange control number
I13 ID 1 1 acknowledgment requested
I14 ID 1 1 usage indicator
I15 AN 1 1 component separator
I16 N0 1 5 number of groups
I17 ID 1 1 interchange acknowledgment code
I18 ID 3 3 interchange note code
I65 AN 1 1 repetition separator
19 AN 2 30 city
26 ID 2 3 country code
28 N0 1 9 group control number
66 ID 1 2 identification qualifier
67 AN 2 80 identification code
81 R 1 10 weight
93 AN 1 60 contact name
96 N0 1 10 number of segments
97 N0 1 6 number of transaction sets
98 ID 2 3 entity identifier code
116 AN 3 15 ZIP code
124 AN 2 15 receiver code
127 AN 1 50 reference number
128 ID 2 3 reference qualifier
142 AN 2 15 sender code
143 ID 3 3 transaction set code
156 ID 2 2 state code
166 AN 1 55 address line
234 AN 1 48 product or service code
235 ID 2 2 product or service qualifier
306 ID 1 2 action code
309 ID 1 2 location qualifier
310 AN 1 30 location
329 AN 4 9 transaction set control number
337 TM 4 8 time
352 AN 1 80 description
353 ID 2 2 purpose code
355 ID 2 2 unit
364 AN 1 256 telephone, fax or e-mail
365 ID 2 2 communication qualifier
366 ID 2 2 contact function code
373 DT 8 8 date
374 ID 3 3 date qualifier
380 R 1 15 quantity
443 AN 1 20 contact inquiry reference
455 ID 1 2 responsible agency code
479 ID 2 2 functional identifier code
480 AN 1 12 version
481 ID 1 2 trace type code
509 AN 10 10 trace originator
559 ID 2 2 agency qualifier
584 ID 2 2 employment status
609 N0 1 9 count
615 ID 1 2 period qualifier
616 N0 1 3 number of periods
628 AN 1 12 hierarchical number
640 ID 2 2 transaction type code
659 ID 1 2 basis of verification
673 ID 2 2 quantity qualifier
678 ID 1 2 delivery pattern
679 ID 1 1 delivery time
704 ID 1 2 paperwork action
706 ID 2 2 relationship code
734 AN 1 12 hierarchical parent number
735 ID 1 2 hierarchical level
736 ID 1 1 hierarchical child code
755 ID 2 2 report type
756 ID 1 2 report transmission
757 N0 1 2 copies
782 R 1 18 amount
799 AN 1 30 version identifier
875 ID 3 3 maintenance type
889 ID 1 1 follow-up action
901 ID 2 2 reject reason
923 ID 1 1 prognosis
933 AN 1 264 message text
934 ID 2 2 carriage control
1005 ID 4 4 hierarchical structure
1035 AN 1 60 last name or organization
1036 AN 1 35 first name
1037 AN 1 25 middle name
1038 AN 1 10 name prefix
1039 AN 1 10 name suffix
1065 ID 1 1 entity type
1066 ID 1 2 citizenship
1067 ID 1 1 marital status
1068 ID 1 1 gender
1069 ID 2 2 relationship to the insured
1073 ID 1 1 yes or no
1109 ID 1 1 race or ethnicity
1136 ID 2 2 condition category
1137 AN 1 15 procedure code
1165 ID 1 1 confidentiality
1167 R 1 6 frequency
1203 ID 2 3 maintenance reason
1213 ID 1 1 current health condition
1216 ID 1 1 benefit status
1218 ID 1 1 Medicare plan
1219 ID 1 2 COBRA event
1220 ID 1 1 student status
1221 ID 1 3 provider code
1222 AN 1 3 provider specialty
1223 ID 3 3 provider organization
1250 ID 2 3 date format
1251 AN 1 35 date or period
1270 ID 1 3 code list
1271 AN 1 30 industry code
1314 ID 1 1 admission source
1315 ID 1 1 admission type
1316 ID 1 1 ambulance transport
1317 ID 1 1 ambulance reason
1321 ID 2 3 condition code
1322 ID 1 1 certification type
1325 ID 1 1 claim frequency
1327 ID 1 1 copay status
1328 N0 1 2 diagnosis pointer
1331 AN 1 2 place of service or bill type
1332 ID 1 2 facility code qualifier
1334 ID 1 1 shortage area
1337 ID 1 1 level of care
1338 ID 1 3 level of service
1339 AN 2 2 procedure modifier
1340 ID 1 2 multiple procedure
1341 AN 1 2 rejection code
1342 ID 1 1 patient condition
1345 ID 1 1 nursing home status
1348 ID 1 1 oxygen equipment
1349 ID 1 1 oxygen test condition
1350 ID 1 1 oxygen test finding
1352 ID 1 2 patient status
1358 ID 1 1 prosthesis code
1360 ID 1 1 provider agreement
1361 ID 1 3 oral cavity
1362 ID 2 3 related cause
1363 ID 1 1 release of information
1364 ID 1 2 review code
1365 ID 1 2 service type
1367 ID 2 3 subluxation level
1369 ID 1 2 tooth surface
1371 R 1 10 unit rate
1382 ID 1 1 oxygen delivery
1384 ID 1 1 patient location
1470 N0 1 9 number
1514 ID 1 2 delay reason
1525 ID 1 2 request category
1705 AN 1 35 implementation guide
1715 ID 1 3 country subdivision
2 N0 1 6 accepted transaction sets
3 AN 1 60 free text
123 N0 1 6 received transaction sets
110 ID 1 2 application acknowledgment
305 ID 1 2 handling code
346 ID 2 2 application type
363 ID 3 3 note code
429 AN 1 16 check number
447 AN 1 4 loop
522 ID 1 3 amount qualifier
554 N0 1 6 assigned number
591 ID 3 3 payment method
618 ID 1 3 guide error in the set
620 ID 1 3 guide error in the segment
621 ID 1 3 guide error in the element
623 ID 2 2 time code
641 ID 3 3 status reason
647 ID 1 3 application error
703 ID 1 1 quantity qualifier of status
715 ID 1 1 group verdict
716 ID 1 3 group error
717 ID 1 1 set verdict
719 N0 1 10 segment position
721 ID 2 3 segment name
722 N0 1 2 element position
724 AN 1 99 copy of the bad element
725 N0 1 4 element number
752 ID 2 2 layer
784 N0 1 15 length of the payload
785 B 1 67108864 payload
786 ID 2 2 security level
935 ID 1 2 significance
954 R 1 10 percent
1204 AN 1 50 plan
1207 ID 3 3 coverage level
1336 ID 1 3 insurance type
1383 ID 1 2 claim type
1390 ID 1 2 benefit information
1528 N0 1 2 component position
1570 ID 3 3 filter
1571 AN 1 80 object reference
1572 AN 1 80 object name
1573 ID 2 3 kind of object
1686 N0 1 4 repeating position
961 AN 1 99 new element
9998 AN 1 35 context reference
9999 AN 1 35 context name
"""

Shape = tuple[str, DataType, int, int]
"""Name, type, shortest, longest."""


def _read(table: str) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for line in table.strip().splitlines():
        number, kind, shortest, longest, name = line.split(" ", 4)
        shapes[number] = (name, kind, int(shortest), int(longest))  # type: ignore[assignment]
    return shapes


DATA_ELEMENTS = _read(_TABLE)
"""By X12's element number."""
