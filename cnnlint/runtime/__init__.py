"""The only room that imports torch: it runs the slice, builds the models, and records their traces."""
