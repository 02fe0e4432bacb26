"""Time and other requests: clocks, latency, limits, turns and retries."""
