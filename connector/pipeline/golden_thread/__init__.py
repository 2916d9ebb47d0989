"""The golden thread: does the same story run from intake to discharge, and where does it break?

Reading order: ``chain`` (which links, in which order), ``rules`` (each link's rule and source),
``case`` (the chart on one day), then the links: ``diagnosis``, ``measures``, ``plans``,
``interventions``, ``care``, ``reports``; ``participation`` and ``papers`` stand beside them.

Pure. No part of an evaluation: it is worked out when a document that shows it is made, or when
somebody asks (``connector chart check``). Notes are counted and dated; of their summaries only
names of treatments are looked for, and no sentence here quotes a word of the chart.
"""

from connector.pipeline.golden_thread.chain import LINKS_OF, golden_thread

__all__ = ["LINKS_OF", "golden_thread"]
