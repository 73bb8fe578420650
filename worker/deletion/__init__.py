"""The deletion of uploads: everything of them, in an order that a crash at any line can't break."""
