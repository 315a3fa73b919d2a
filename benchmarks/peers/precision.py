"""How PyTorch rounds factors on CUDA, as a task asks for it."""

import torch


def set_precision(engine):
    """TensorFloat-32 for all or for none; where nothing is said, for convolutions alone, as PyTorch does by itself."""
    precision = engine.get("precision")
    if precision is not None:
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
