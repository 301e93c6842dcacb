"""Where the tokens and the money of held conversations went."""
