"""The recipe in use, as one line for people: what was scaled and chosen, and what is not as usual."""

from __future__ import annotations

from bineego.training.recipe import Optimizer, Recipe

UNUSUAL = {
    "accumulate": "computed in {} parts", "warmup": "warm-up of {:g} epochs", "ema": "averaged weights ({:g})",
    "label_smoothing": "label smoothing {:g}", "class_balance": "class balance {:g}",
    "background_ratio": "background ratio {:g}", "multi_scale_crop": "random crops", "batch_norm": "batch norm {}",
    "freeze": "freeze {}", "patience": "patience {}",
}  # fmt: skip
"""Fields that the line about the recipe in use names where they are not as usual."""


def effective(recipe: Recipe) -> str:
    """The recipe in one line, with what was scaled and chosen."""
    scaled = (
        ""
        if recipe.batch_size == recipe.base_batch
        else f" (= {recipe.lr:g} x {recipe.batch_size}/{recipe.base_batch})"
    )
    parts = [
        f"{recipe.trunk}, t = {recipe.interval:g} s, {recipe.n_frames} frames of {recipe.size} px",
        f"{recipe.epochs} epochs, batches of {recipe.batch_size}",
        f"{recipe.optimizer} lr {recipe.effective_lr:g}{scaled}, heads x{recipe.head_lr:g}, {recipe.schedule} schedule",
    ]
    if recipe.optimizer is Optimizer.SGD:
        parts.append(f"momentum {recipe.momentum:g}")
    parts.append(f"weight decay {recipe.weight_decay:g}, seed {recipe.seed}")
    usual = Recipe()
    parts += [
        words.format(getattr(recipe, name))
        for name, words in UNUSUAL.items()
        if getattr(recipe, name) != getattr(usual, name)
    ]
    return "recipe: " + "; ".join(parts)
