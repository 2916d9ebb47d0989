"""The business content of X12: typed cases in, segments out, and what a payer answered, as types.

``case`` and ``attachment_case`` are what ``connector x12 make`` takes; ``parse`` reads any file;
``meaning`` says what an answer does to an authorization. Pure: no file, no clock.
"""
