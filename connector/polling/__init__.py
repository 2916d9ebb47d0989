"""What adapters of vendors' APIs share: reading changes page by page, fetching what a notice names,
filing a document once. Each adapter says how its vendor is asked; here is what is done with it.

``changes`` reads a list of changes and remembers how far; ``source`` is a whole source made of such
lists; ``notice`` is the thin webhook; ``filing`` what destinations have in common; ``settings`` the
options.
"""
