"""Da Vinci PAS 2.2.1 and CDex 2.1.0: authorization requests as FHIR, and what payers answer.

``packet`` is what goes in, ``build`` makes the bundles, ``decisions`` reads answers, ``checking``
finds what is wrong with either. Pure: no file, no clock, no network.
"""
