"""What is done with recordings: taken from other tools' files, compared, made scenarios of."""
