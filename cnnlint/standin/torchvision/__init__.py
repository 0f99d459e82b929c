"""What stands for the modules of torchvision that need torch's compiled part: the rest runs as it is."""
