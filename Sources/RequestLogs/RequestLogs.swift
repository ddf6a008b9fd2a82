// Room RequestLogs: see docs/ARCHITECTURE.md.
