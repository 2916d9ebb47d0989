"""Mapping: declarative YAML files that turn raw rows into canonical records.

Read in this order: file.py (what a mapping file may say), load.py (reading, ``extends``, digest),
compile.py (checks, made once), spec.py (the compiled mapping), apply.py (rows in, records and row
errors out). transforms.py is the closed list of what a field may do with a value.
"""
