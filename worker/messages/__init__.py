"""What messages say, in our own terms."""
