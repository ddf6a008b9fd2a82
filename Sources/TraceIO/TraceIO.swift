// Room TraceIO: see docs/ARCHITECTURE.md.
