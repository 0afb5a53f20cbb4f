"""The tests: laws, rooms, trees, playthroughs, docs. Each folder is described in docs/architecture.md."""
