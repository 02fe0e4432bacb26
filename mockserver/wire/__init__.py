"""HTTP and its bodies as values: requests, timelines, JSON texts, streams."""
