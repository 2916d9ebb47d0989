"""What came of the practice's care as a whole: counts over everybody, nobody's name.

``course`` (one person's course of care as facts) -> ``tally`` (sums of them) -> ``practice`` (sums
by discipline, measure and clinician) -> ``small_groups`` (what may be shown of them). Pure; memory
does not grow with the number of people. Each rate's numerator and denominator is defined in
docs/measurement.md.
"""
