"""The rows of the table: each measures one thing, ours beside the peers, and says what it found."""
