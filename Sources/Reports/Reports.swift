// Room Reports: see docs/ARCHITECTURE.md.
