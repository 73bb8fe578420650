"""Access control: the identity of callers, the verification of their tokens, and their upload quota."""
