"""Proposes a mapping from a sample of an export: a beginning for an admin, never used unread.

``profile`` says what a column holds, ``vocabulary`` what fields are called and what words mean in
mappings that exist, ``propose`` which column is which field and how sure that is, ``draft`` writes
the YAML. START HERE: ``propose.propose``. Pure.
"""

from connector.mapping.proposal.draft import draft
from connector.mapping.proposal.propose import Proposal, ProposedColumn, propose
from connector.mapping.proposal.vocabulary import Vocabulary, vocabulary

__all__ = ["Proposal", "ProposedColumn", "Vocabulary", "draft", "propose", "vocabulary"]
