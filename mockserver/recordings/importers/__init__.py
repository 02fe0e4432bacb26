"""Other tools' files, read: a module for each format."""
