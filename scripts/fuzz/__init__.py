"""Fuzzing of the parsers with atheris: any bytes give records or a plain refusal, and soon.

    make fuzz SECONDS=60                        all parsers, a minute each; prints a table
    make fuzz SECONDS=600 PARSERS="csv fhir"    some of them
    python -m scripts.fuzz.one csv -max_total_time=60

``targets`` are the parsers, ``one`` fuzzes one of them, ``table`` all. What is found is kept in
``.cache/fuzz-found``: give such a file to ``scripts.fuzz.one`` to see it again.
"""
