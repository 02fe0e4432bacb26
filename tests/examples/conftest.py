"""The how-tos for frameworks run in processes of their own: see test_frameworks.py."""

collect_ignore = ["frameworks"]
