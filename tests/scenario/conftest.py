"""Small plug-ins, so that the language is tested without the shipped kinds."""
