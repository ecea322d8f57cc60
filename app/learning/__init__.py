"""Learning the weights of matching from labels nobody had to give, and from people's answers; never imported to score."""
