"""What a request's limits do to what the model answers, and what that is billed as."""
