"""Drawing a figure: a skeleton of capsules with soft edges, into a panorama that wraps around."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bineego.synth import poses
from bineego.synth.poses import Prop
from bineego.types import Floats, Ints, Pixels

Canvas = NDArray[np.float32]
Colour = NDArray[np.float32]

# Body measures in units of the figure's height.
HIP, SHOULDER, HEAD = 0.494, 0.78, 0.90
LEG, ARM = 0.25, 0.19
HEAD_RADIUS, TORSO_RADIUS, ARM_RADIUS, LEG_RADIUS = 0.085, 0.085, 0.042, 0.05
SHOULDER_WIDTH, HIP_WIDTH = 0.11, 0.06
CROUCH_DEPTH = 0.24

STRETCH = 1.7
"""Horizontal stretch. Close to the camera an equirectangular picture widens what it shows."""

SLEEVES = (250, 246, 238)
"""Bright for everybody: arms must be seen at a few pixels' width, whatever is worn and whatever is behind."""

SKINS = ((236, 200, 170), (198, 150, 110), (128, 84, 58))
PROP_COLOURS = {
    Prop.CUP: (230, 30, 30),
    Prop.PHONE: (40, 220, 255),
    Prop.TOOL: (25, 20, 20),
    Prop.FOOD: (150, 200, 20),
    Prop.MICROPHONE: (20, 200, 60),
    Prop.WEIGHTS: (235, 30, 220),
    Prop.BOX: (245, 190, 30),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """One figure's looks and place.

    Attributes:
        x: longitude of its home, in widths of the panorama.
        foot: height of its feet in the picture, 1 = lower edge.
        height: in heights of the picture.
        skin, sleeves, shirt, trousers: colours (3,).
        rhythm: of its fidgeting, see `poses.fidget`.
    """

    x: float
    foot: float
    height: float
    skin: Colour
    sleeves: Colour
    shirt: Colour
    trousers: Colour
    rhythm: Floats

    @classmethod
    def draw_one(cls, rng: np.random.Generator, *, acts: bool, x: float) -> Figure:
        """A random figure; one that does nothing all the time stands further away."""
        return cls(
            x=x,
            foot=float(rng.uniform(0.95, 0.98) if acts else rng.uniform(0.72, 0.76)),
            height=float(rng.uniform(0.76, 0.82) if acts else rng.uniform(0.34, 0.38)),
            skin=np.array(SKINS[rng.integers(len(SKINS))], np.float32),
            sleeves=np.array(SLEEVES, np.float32) * np.float32(rng.uniform(0.9, 1.0)),
            shirt=_cloth(rng),
            trousers=_cloth(rng) * np.float32(0.5),
            rhythm=np.stack([rng.uniform(3, 22, 4), rng.uniform(0.1, 0.45, 4), rng.random(4)]),
        )


def _cloth(rng: np.random.Generator) -> Colour:
    """A deep colour, so that sleeves stand out before it."""
    colour = np.array([rng.uniform(90, 150), rng.uniform(20, 80), rng.uniform(0, 30)], np.float32)
    return colour[rng.permutation(3)]


def draw(picture: Pixels, figure: Figure, pose: Floats, props: Sequence[Prop]) -> None:
    """Draw a figure in a pose into `picture` (H, W, 3), in place."""
    height, width = picture.shape[:2]
    unit = figure.height * height
    reach = math.ceil(0.6 * unit * STRETCH) + 2
    centre = (figure.x + pose[poses.DRIFT]) * width
    left = math.floor(centre) - reach
    columns: slice | Ints = slice(left % width, left % width + 2 * reach)
    if left % width + 2 * reach > width:  # across the seam
        columns = np.arange(left, left + 2 * reach) % width
    top = max(0, math.floor(figure.foot * height - 1.2 * unit))
    canvas: Canvas = picture[top:, columns].astype(np.float32)
    body = _Body(canvas, centre - left, figure.foot * height - top, unit)
    _draw_body(body, figure, pose, props)
    picture[top:, columns] = canvas  # all values lie between colours, so none leaves 0..255


class _Body:
    """A canvas in body units: x to the figure's left, y up from its feet."""

    def __init__(self, canvas: Canvas, x: float, foot: float, unit: float) -> None:
        self._canvas, self._x, self._foot, self._unit = canvas, x, foot, unit

    def limb(self, a: tuple[float, float], b: tuple[float, float], radius: float, colour: Colour) -> None:
        """A capsule from a to b."""
        ax, bx = (self._x + self._unit * STRETCH * point[0] for point in (a, b))
        ay, by = (self._foot - self._unit * point[1] for point in (a, b))
        r = radius * self._unit + 0.5
        x0, x1 = max(0, int(min(ax, bx) - r)), min(self._canvas.shape[1], int(max(ax, bx) + r) + 2)
        y0, y1 = max(0, int(min(ay, by) - r)), min(self._canvas.shape[0], int(max(ay, by) + r) + 2)
        if x0 >= x1 or y0 >= y1:
            return
        px = np.arange(x0, x1, dtype=np.float32)[None, :] - np.float32(ax)
        py = np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(ay)
        dx, dy = np.float32(bx - ax), np.float32(by - ay)
        along = np.clip((px * dx + py * dy) / np.maximum(dx * dx + dy * dy, np.float32(1e-6)), 0, 1)
        distance = np.sqrt((px - along * dx) ** 2 + (py - along * dy) ** 2)
        cover = np.clip(np.float32(r) - distance, 0, 1)[..., None]
        region = self._canvas[y0:y1, x0:x1]
        region += cover * (colour - region)

    def disc(self, at: tuple[float, float], radius: float, colour: Colour) -> None:
        self.limb(at, at, radius, colour)


def _draw_body(body: _Body, figure: Figure, pose: Floats, props: Sequence[Prop]) -> None:
    drop = CROUCH_DEPTH * float(pose[poses.CROUCH])
    stride = 0.13 * float(pose[poses.STRIDE])
    hip, shoulder, head = HIP - drop, SHOULDER - drop, HEAD - drop
    for side in (-1, 1):
        foot = (side * HIP_WIDTH + side * stride, 0.0)
        joint = (side * HIP_WIDTH * 0.8, hip)
        body.limb(joint, _knee(joint, foot, side), LEG_RADIUS, figure.trousers)
        body.limb(_knee(joint, foot, side), foot, LEG_RADIUS, figure.trousers)
    body.limb((0.0, hip), (0.0, shoulder - 0.03), TORSO_RADIUS, figure.shirt)
    body.disc((0.0, head), HEAD_RADIUS, figure.skin)
    mouth = float(pose[poses.MOUTH])
    if mouth > 0.05:
        body.disc((0.0, head - 0.035), 0.008 + 0.022 * mouth, np.array((70, 10, 20), np.float32))
    hands = []
    for side, upper, fore in (
        (-1, poses.LEFT_UPPER, poses.LEFT_FORE),
        (1, poses.RIGHT_UPPER, poses.RIGHT_FORE),
    ):
        start = (side * SHOULDER_WIDTH, shoulder - 0.02)
        elbow = _turn(start, side, float(pose[upper]))
        hand = _turn(elbow, side, float(pose[fore]))
        body.limb(start, elbow, ARM_RADIUS, figure.sleeves)
        body.limb(elbow, hand, ARM_RADIUS, figure.sleeves)
        hands.append(hand)
    for prop in props:
        _draw_prop(body, prop, hands)


def _draw_prop(body: _Body, prop: Prop, hands: list[tuple[float, float]]) -> None:
    colour = np.array(PROP_COLOURS[prop], np.float32)
    left, (x, y) = hands
    match prop:
        case Prop.CUP:
            body.limb((x, y - 0.03), (x, y + 0.06), 0.06, colour)
        case Prop.PHONE:
            body.limb((x - 0.02, y), (x + 0.02, y + 0.06), 0.06, colour)
        case Prop.TOOL:
            body.limb((x, y), (x + 0.06, y + 0.14), 0.05, colour)
        case Prop.FOOD:
            body.disc((x, y + 0.02), 0.065, colour)
        case Prop.MICROPHONE:
            body.limb((left[0], left[1] - 0.05), (left[0], left[1] + 0.04), 0.055, colour)
        case Prop.WEIGHTS:
            body.disc(left, 0.08, colour)
            body.disc((x, y), 0.08, colour)
        case Prop.BOX:
            middle = (left[0] + x) / 2, (left[1] + y) / 2 - 0.03
            body.limb((middle[0] - 0.08, middle[1]), (middle[0] + 0.08, middle[1]), 0.085, colour)


def _turn(start: tuple[float, float], side: int, degrees: float) -> tuple[float, float]:
    """The far end of an arm bone: 0 = down, 90 = outwards, 180 = up, negative = inwards."""
    angle = math.radians(degrees)
    return start[0] + side * ARM * math.sin(angle), start[1] - ARM * math.cos(angle)


def _knee(hip: tuple[float, float], foot: tuple[float, float], side: int) -> tuple[float, float]:
    """Between hip and foot, bent outwards as far as the bones are too long for the way."""
    gap = math.dist(hip, foot)
    bend = math.sqrt(max(0.0, LEG**2 - (gap / 2) ** 2))
    return (hip[0] + foot[0]) / 2 + side * bend, (hip[1] + foot[1]) / 2
