"""How fast: every script times sides that take turns, and reports ratios."""
