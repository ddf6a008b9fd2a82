// Room Validation: see docs/ARCHITECTURE.md.
