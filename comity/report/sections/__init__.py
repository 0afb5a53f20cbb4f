"""The sections of the page, one module each: what is measured becomes what is said.

The law of this room: `section(results)` gives a section or None, and does not know how it is drawn or where it stands.
"""
