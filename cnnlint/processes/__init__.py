"""How the processes that trace files are had: forked from one that has torch, or spawned."""
