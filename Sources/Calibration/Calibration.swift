// Room Calibration: see docs/ARCHITECTURE.md.
