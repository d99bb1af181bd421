"""`make bench`: the shop's speed as ratios against what the same machine can do at best, measured side by side.

One run, one throw-away PostgreSQL with fsync on, interleaved rounds, medians. Other work on the machine moves every
absolute number up to twofold, so only the ratios mean anything. ``python -m tests.bench --help`` tells the rest.
"""
