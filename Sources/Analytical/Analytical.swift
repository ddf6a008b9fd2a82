// Room Analytical: see docs/ARCHITECTURE.md.
