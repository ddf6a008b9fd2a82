// Room OperatorStore: see docs/ARCHITECTURE.md.
