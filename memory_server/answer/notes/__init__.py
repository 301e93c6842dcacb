"""Notes kept, recalled, and shown beside the code that they are about."""
