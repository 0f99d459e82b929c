"""What follows from a trace: axes, receptive fields, reach, coverage, tables, other sizes."""
