"""Scenario files as text: read with places, written for people."""
