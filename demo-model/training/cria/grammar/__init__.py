"""The grammar that writes the training text. Every sentence comes from here; nothing is read from anywhere else."""
