"""The speed of comity, measured side by side with its peers; docs/performance.md says how and what came out.

The law of this folder: no time is printed whose result was not checked first, and both sides are timed in turn within
one run, so that a busy machine slows both alike.
"""
