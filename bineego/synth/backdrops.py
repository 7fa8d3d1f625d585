"""Backgrounds: one family of colours and textures for each scene, seamless where the panorama's ends meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bineego.types import Bools, Floats, Pixels


def paint(scene: str, width: int, height: int, rng: np.random.Generator) -> Pixels:
    """A background (height, width, 3) of a scene; another `rng`, another place of the same kind."""
    longitude = np.arange(width)[None, :] / width
    latitude = np.arange(height)[:, None] / height
    canvas = _FAMILIES[scene](longitude, latitude, rng)
    tint = rng.normal(0.0, 8.0, 3) + rng.normal(0.0, 8.0)
    grain = 10.0 * (_cloud(width, height, rng, 24) - 0.5)
    return np.clip(canvas + tint + grain[..., None], 0, 255).astype(np.uint8)


def _cloud(width: int, height: int, rng: np.random.Generator, cells: int) -> Floats:
    """Smooth noise (height, width) in [0, 1] with about `cells` bumps around the horizon, periodic in x."""
    rows = max(2, cells // 2)
    knots = rng.random((rows + 1, cells))
    x = np.arange(width) * cells / width
    y = np.arange(height) * rows / height
    left, top = x.astype(int), y.astype(int)
    fx, fy = _ease(x - left)[None, :], _ease(y - top)[:, None]
    right = (left + 1) % cells
    upper = knots[top][:, left] * (1 - fx) + knots[top][:, right] * fx
    lower = knots[top + 1][:, left] * (1 - fx) + knots[top + 1][:, right] * fx
    noise: Floats = upper * (1 - fy) + lower * fy
    return noise


def _ease(x: Floats) -> Floats:
    return x * x * (3 - 2 * x)


def _mix(mask: Floats | Bools, inside: tuple[int, ...], outside: Floats | tuple[int, ...]) -> Floats:
    weight = np.asarray(mask, np.float64)[..., None]
    mixed: Floats = weight * np.array(inside, np.float64) + (1 - weight) * np.asarray(outside, np.float64)
    return mixed


def _stripes(x: Floats, count: int, width: float, shift: float = 0.0) -> Bools:
    """`count` stripes around the horizon, each taking `width` of its period."""
    mask: Bools = ((x * count + shift) % 1.0) < width
    return mask


def _kitchen(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Warm wall, tiles, a dark counter line, cupboards."""
    shift = rng.random()
    tiles = _stripes(x, 48, 0.12, shift) | _stripes(y, 24, 0.12)
    wall = _mix(tiles & (y > 0.3) & (y < 0.62), (150, 108, 70), (186, 146, 98))
    cupboards = _stripes(x, int(rng.integers(9, 13)), 0.9, shift)
    wall = _mix(cupboards & (y < 0.3), (150, 84, 50), wall)
    return _mix((y > 0.62) + 0 * x > 0, (120, 62, 40), wall)


def _residence(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Lilac wallpaper, a window or two, a wooden floor."""
    wall = _mix(_stripes(x, int(rng.integers(28, 36)), 0.3), (120, 102, 150), (140, 120, 170) + 0 * y[..., None])
    windows = _stripes(x, int(rng.integers(2, 4)), 0.18, rng.random()) & (y > 0.2) & (y < 0.45)
    wall = _mix(windows, (170, 186, 214), wall)
    floor = _mix(_stripes(y, 40, 0.15) & (x >= 0), (96, 66, 70), (128, 92, 92))
    return np.where((y > 0.7)[..., None], floor, wall)


def _nature(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Sky over hills over grass."""
    width, height = x.shape[1], y.shape[0]
    hills = 0.42 + 0.05 * np.sin(2 * np.pi * (x * int(rng.integers(3, 6)) + rng.random()))
    sky = _mix(_cloud(width, height, rng, 12) > 0.62, (146, 182, 220), (84, 142, 210))
    leaves = _cloud(width, height, rng, 60)[..., None]
    grass = np.array((52, 110, 46)) + 60 * (leaves - 0.5)
    return np.where((y > hills)[..., None], grass, sky)


def _workspace(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Cold panels, desks, bright ceiling lights."""
    shift = rng.random()
    wall = _mix(_stripes(x, int(rng.integers(12, 18)), 0.08, shift) & (y >= 0), (70, 84, 96), (98, 116, 130))
    desks = _stripes(x, int(rng.integers(5, 8)), 0.6, shift) & (y > 0.58) & (y < 0.66)
    wall = _mix(desks, (40, 48, 58), wall)
    lights = _stripes(x, 10, 0.35, shift) & (y > 0.08) & (y < 0.13)
    wall = _mix(lights, (245, 250, 255), wall)
    return _mix((y > 0.75) & (x >= 0), (84, 92, 98), wall)


_FAMILIES: Mapping[str, Callable[[Floats, Floats, np.random.Generator], Floats]] = {
    "Kitchen": _kitchen,
    "Indoor Residential Spaces": _residence,
    "Nature": _nature,
    "Workspaces": _workspace,
}

SCENES: tuple[str, ...] = tuple(_FAMILIES)
"""Scenes that can be painted, under their 360+x names."""
