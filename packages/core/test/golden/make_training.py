"""Three training steps of tiny VQ-VAEs in PyTorch (float64), for test/train-step.test.ts.

Weights and images follow a formula that both sides know (`wave`), so that only results are stored.

usage: python3 make_training.py > training.json
"""
import json, math, sys
import numpy as np, torch, torch.nn.functional as F

torch.set_default_dtype(torch.float64)
WIDTH, INNER, BLOCKS, D, K, BATCH, SIZE = 8, 4, 2, 3, 8, 2, (16, 8)
VARIANCE, BETA, GAMMA, EPSILON, RESTART = 0.5, 0.25, 0.6, 1e-5, 0.4
PEAK, RISE, CLIP, AVERAGE = 1e-2, 2, 0.3, 0.9


def wave(shape, scale, phase):
    i = np.arange(int(np.prod(shape)))
    values = (scale * np.sin(1.7 * i + 0.3 * i * i % 11 + phase)).astype(np.float32)
    return torch.tensor(values.reshape(shape).astype(np.float64))


def shapes(kind, preset):
    conv = lambda name, k, i, o: [(f"{name}.kernel", (k, k, i, o)), (f"{name}.bias", (o,))]
    res = lambda side: [
        e for b in range(1, BLOCKS + 1)
        for e in [(f"{side}.residual{b}.inner.kernel", (3, 3, WIDTH, INNER)), (f"{side}.residual{b}.outer.kernel", (1, 1, INNER, WIDTH))]]
    if preset == "patch":
        out = conv("encoder.stem", 3, 16, WIDTH) + res("encoder") + conv("encoder.out", 1, WIDTH, D)
        out += conv("decoder.in", 3, D, WIDTH) + res("decoder") + conv("decoder.out", 3, WIDTH, 16)
    else:
        out = conv("encoder.stage1", 4, 1, WIDTH // 2) + conv("encoder.stage2", 4, WIDTH // 2, WIDTH)
        out += conv("encoder.mix", 3, WIDTH, WIDTH) + res("encoder") + conv("encoder.out", 1, WIDTH, D)
        out += conv("decoder.in", 3, D, WIDTH) + res("decoder")
        out += [("decoder.stage2.kernel", (4, 4, WIDTH // 2, WIDTH)), ("decoder.stage2.bias", (WIDTH // 2,))]
        out += [("decoder.stage1.kernel", (4, 4, 1, WIDTH // 2)), ("decoder.stage1.bias", (1,))]
    if kind == "codebook-loss":
        out += [("codebook.0", (K, D))]
    return out


def forward(w, x, side, preset):
    c = lambda n, x, stride=1, pad=0: F.conv2d(x, w[f"{n}.kernel"].permute(3, 2, 0, 1), w.get(f"{n}.bias"), stride, pad)
    t = lambda n, x: F.conv_transpose2d(x, w[f"{n}.kernel"].permute(3, 2, 0, 1), w[f"{n}.bias"], 2, 1)

    def blocks(x):
        for b in range(1, BLOCKS + 1):
            x = x + c(f"{side}.residual{b}.outer", F.relu(c(f"{side}.residual{b}.inner", F.relu(x), pad=1)))
        return F.relu(x)

    if side == "encoder":
        if preset == "patch":
            x = c("encoder.stem", F.pixel_unshuffle(x, 4), pad=1)
        else:
            x = F.relu(c("encoder.stage1", x, 2, 1))
            x = F.relu(c("encoder.stage2", x, 2, 1))
            x = c("encoder.mix", x, pad=1)
        return c("encoder.out", blocks(x))
    x = blocks(c("decoder.in", x, pad=1))
    if preset == "patch":
        return F.pixel_shuffle(c("decoder.out", x, pad=1), 4)
    return t("decoder.stage1", F.relu(t("decoder.stage2", x)))


def train(kind, preset):
    w = {n: wave(s, 2.2 / math.sqrt(max(1, np.prod(s[:-1]))), p).requires_grad_() for p, (n, s) in enumerate(shapes(kind, preset))}
    average = {n: v.detach().clone() for n, v in w.items()}
    code = w["codebook.0"] if kind == "codebook-loss" else wave((K, D), 0.4, 50)
    if kind == "codebook-loss":
        with torch.no_grad():
            code.copy_(wave((K, D), 0.4, 50)); average["codebook.0"].copy_(code)
    usage = torch.full((K,), 1 / K); sums = code.detach() * usage[:, None]
    optimizer = torch.optim.Adam(list(w.values()), lr=1)
    metrics = []
    for step in range(3):
        x = wave((BATCH, *SIZE), 1.2, 100 + step)[:, None]
        progress = step / 3
        z = forward(w, x, "encoder", preset)
        flat = z.permute(0, 2, 3, 1).reshape(-1, D)
        index = torch.cdist(flat.detach(), code.detach()).argmin(1)
        q = code[index]
        commitment = F.mse_loss(flat, q.detach())
        passed = flat + (q - flat).detach()
        y = forward(w, passed.reshape(z.shape[0], z.shape[2], z.shape[3], D).permute(0, 3, 1, 2), "decoder", preset)
        mse = F.mse_loss(y, x)
        loss = mse / VARIANCE + BETA * commitment
        if kind == "codebook-loss":
            loss = loss + F.mse_loss(q, flat.detach())
        optimizer.zero_grad(); loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(w.values()), CLIP)
        rate = PEAK * min(1, (step + 1) / RISE) * (1 + math.cos(math.pi * progress)) / 2
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        onehot = F.one_hot(index, K).double(); n = len(flat)
        shares = onehot.sum(0) / n
        keep = min(AVERAGE, (1 + step) / (10 + step))
        with torch.no_grad():
            usage = GAMMA * usage + (1 - GAMMA) * shares
            if kind == "ema":
                sums = GAMMA * sums + (1 - GAMMA) * onehot.T @ flat / n
                total = (usage * n).sum()
                code = sums * n / ((usage * n + EPSILON) / (total + K * EPSILON) * total)[:, None]
            dead = usage < RESTART / K
            fresh = flat.detach()[torch.tensor([(7 * k + 3 * step) % n for k in range(K)])]
            usage = torch.where(dead, torch.tensor(2 * RESTART / K), usage)
            for name, value in w.items():
                average[name] += (1 - keep) * (value - average[name])
            if kind == "ema":
                code = torch.where(dead[:, None], fresh, code)
                sums = torch.where(dead[:, None], fresh * usage[:, None], sums)
            else:
                for codes in (code, average["codebook.0"]):
                    codes.copy_(torch.where(dead[:, None], fresh, codes))
                state = optimizer.state[code]
                for moment in ("exp_avg", "exp_avg_sq"):
                    state[moment].copy_(torch.where(dead[:, None], torch.zeros(()), state[moment]))
        perplexity = torch.exp(-(shares * (shares + 1e-10).log()).sum())
        metrics.append(dict(loss=loss, mse=mse, reconstruction=mse / VARIANCE, commitment=commitment, perplexity=perplexity,
                            codesInUse=(shares > 0).sum(), gradientNorm=norm, learningRate=rate, dead=dead.sum()))
    with torch.no_grad():
        z = forward(w, wave((1, *SIZE), 1.2, 103)[:, None], "encoder", preset).permute(0, 2, 3, 1)
        index = torch.cdist(z.reshape(-1, D), code).argmin(1)
        y = forward(w, code[index].reshape(z.shape).permute(0, 3, 1, 2), "decoder", preset)
    digest = lambda v: [float(v.sum()), float((v * v).sum().sqrt())]
    state = {n: optimizer.state[v] for n, v in w.items()}
    return dict(
        kind=kind, preset=preset,
        metrics=[{k: float(v) for k, v in m.items()} for m in metrics],
        codebook=code.detach().flatten().tolist(), usage=usage.tolist(),
        digests={**{f"weights.{n}": digest(v) for n, v in w.items()}, **{f"average.{n}": digest(v) for n, v in average.items()},
                 **{f"adam.first.{n}": digest(s["exp_avg"]) for n, s in state.items()},
                 **{f"adam.second.{n}": digest(s["exp_avg_sq"]) for n, s in state.items()}},
        indices=index.tolist(), images=y.flatten().tolist())


runs = [train(kind, preset) for kind in ("ema", "codebook-loss") for preset in ("reference", "patch")]
for run in runs:
    print(run["kind"], run["preset"], [{k: round(v, 4) for k, v in m.items()} for m in run["metrics"]], file=sys.stderr)
shorten = lambda v: float(f"{v:.9g}") if isinstance(v, float) else [shorten(i) for i in v] if isinstance(v, list) else {k: shorten(i) for k, i in v.items()} if isinstance(v, dict) else v
print(json.dumps(shorten(runs), separators=(",", ":")))
