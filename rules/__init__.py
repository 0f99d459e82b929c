"""The built-in rules: one small file a rule, or a close family; found by their presence here."""
