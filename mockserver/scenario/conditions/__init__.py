"""`when`: what a rule asks of a request, and how it is found out."""
