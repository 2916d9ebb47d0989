"""X12: health care transactions as text, segments, loops, findings. Pure: no file, no clock.

``reader`` makes segments of bytes, ``transactions`` cuts a file into interchanges, groups and
transaction sets, ``tree`` arranges a set by its guide (``guides``), ``validate`` finds what a payer
would refuse, ``writer`` makes bytes again.
"""
