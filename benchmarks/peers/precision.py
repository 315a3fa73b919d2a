"""How PyTorch rounds on CUDA, as a task asks for it."""

import torch


def set_precision(engine):
    """TensorFloat-32 for all or for none; where nothing is said, for convolutions alone, as PyTorch does by itself."""
    precision = engine.get("precision")
    if precision is not None:
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"


def mixed(engine):
    """Half precision by PyTorch's recipe, a context for the loss and a scaler of it; both do nothing unless it is asked for."""
    asked = engine.get("precision") == "float16"
    scaler = torch.amp.GradScaler if hasattr(torch.amp, "GradScaler") else torch.cuda.amp.GradScaler
    return torch.autocast("cuda", torch.float16, enabled=asked), scaler(enabled=asked)
