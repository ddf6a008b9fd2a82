// Room Scenarios: see docs/ARCHITECTURE.md.
