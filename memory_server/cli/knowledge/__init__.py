"""Commands on what is known of a repository as files for others."""
