"""`when`: what a rule requires of a request, and how that is tested."""
