"""Write all playthroughs anew."""

from tests.playthroughs.golden import write_all

write_all()
