"""The parts of `desk.py`: cases, a running server, and what a browser does with it."""
