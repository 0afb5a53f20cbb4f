"""The extensive form of the trust game played in turn, for tools that read .efg files."""

from comity.exact.efg import write_efg
from comity.games.sequential import SequentialTrustGame

print(write_efg(SequentialTrustGame(), title="trust"))
