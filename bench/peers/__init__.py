"""What people write for themselves, as they write it first; README.md says where each comes from."""
