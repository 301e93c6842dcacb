"""Conversations of coding agents as values, from the logs that their clients keep; a folder for each client."""
