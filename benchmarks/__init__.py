"""How fast, how cheap, how far: `python -m benchmarks` measures it and writes `docs/benchmarks.md`.

One file per question; what is measured is always compared with something else in the same run, in alternating pairs.
"""
