"""`python -m comity.cli` is the command `comity`."""

from comity.cli import main

main()
