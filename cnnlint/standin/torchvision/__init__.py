"""What stands for the modules of torchvision that need torch's compiled part: the rest of it runs as it is."""
