"""What the peer's transformer makes of given weights and codes, to tell that it is the same network as ours.

Reads a safetensors file of weights as packages/prior-transformer names them, with `codes`, int32 `[b, rows, columns]`, among
them, and prints the logits of whole grids and those by the cache as JSON, `[b, rows, columns, codes]` each.

usage: python3 transformer_logits.py FILE '{"codes": 16, "rows": 6, "columns": 5, "layers": 2, ...}'
"""

import json
import sys

import torch

from transformer import Transformer


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    types = {"F32": torch.float32, "I32": torch.int32}
    return {
        name: torch.frombuffer(data[slice(*entry["data_offsets"])], dtype=types[entry["dtype"]]).view(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def peer_state(weights):
    """Our weights by the peer's names; kernels are [in, out] here and [out, in] there."""
    names = {"embedding": "embedding.weight", "input.position": "position", "head.codeBias": "code_bias"}
    state = {}
    for name, tensor in weights.items():
        if name.startswith("layer"):
            number, rest = name.removeprefix("layer").split(".", 1)
            name = f"layers.{number}.{rest}"
        if name.endswith(".kernel"):
            name, tensor = name.removesuffix("kernel") + "weight", tensor.T
        state[names.get(name, name)] = tensor
    return state


@torch.no_grad()
def main():
    _, path, sizes = sys.argv
    weights = read_safetensors(path)
    codes = weights.pop("codes").long()
    model = Transformer(**json.loads(sizes))
    model.load_state_dict(peer_state(weights))
    cache = model.start(len(codes))
    by_cache = [model.step(codes, position, cache) for position in range(codes[0].numel())]
    whole = model(codes)
    print(json.dumps({"whole": whole.tolist(), "byCache": torch.stack(by_cache, 1).view(whole.shape).tolist()}))


main()
