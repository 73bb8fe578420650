"""The rows of the benchmark: each module measures this system and its peers, and returns figures and targets."""
