// Room ProfilerTraces: see docs/ARCHITECTURE.md.
