"""A source file into symbols, references and the texts that searches match."""
