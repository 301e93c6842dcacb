"""Train the shipped embedding: corpus, pairs, vocabulary, training and its measure."""
