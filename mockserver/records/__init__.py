"""What a session remembers of requests and answers, and what that says about a client."""
