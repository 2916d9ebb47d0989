"""The synthetic sample practice: who is in it, and how its export files are written.

Read in this order: ``people`` (what is said about one patient), ``mental_health`` and
``physical_therapy`` (the rosters), ``scores``, ``visits``, ``paperwork`` (rows of each table),
``surprises`` (corrections, retractions, rows that must be set aside), ``export`` (the files).
"""
