"""`python -m stormproof` is the `stormproof` command."""

from stormproof.cli import main

main()
