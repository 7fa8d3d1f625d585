"""How good: every script trains or decodes, and scores what it was not chosen on."""
