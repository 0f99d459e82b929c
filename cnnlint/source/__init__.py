"""Reading a file's text: models, evidence, comments, the slice that must run. Nothing is executed."""
