"""Drawing a figure: a skeleton of capsules with soft edges, into a panorama that wraps around."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bineego.synth import poses
from bineego.synth.poses import Prop

Picture = NDArray[np.uint8]
Canvas = NDArray[np.float32]
Colour = NDArray[np.float32]

# Body measures in units of the figure's height.
HIP, SHOULDER, HEAD = 0.494, 0.78, 0.90
LEG, ARM = 0.25, 0.19
HEAD_RADIUS, TORSO_RADIUS, ARM_RADIUS, LEG_RADIUS = 0.085, 0.085, 0.042, 0.05
SHOULDER_WIDTH, HIP_WIDTH = 0.11, 0.06
CROUCH_DEPTH = 0.24

STRETCH = 1.35
"""Horizontal stretch. Close to the camera an equirectangular picture widens what it shows."""

SKINS = ((236, 200, 170), (198, 150, 110), (128, 84, 58))
PROP_COLOURS = {Prop.CUP: (220, 40, 40), Prop.PHONE: (240, 250, 255), Prop.TOOL: (60, 40, 30), Prop.BOX: (205, 150, 70)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """One figure's looks and place.

    Attributes:
        x: longitude of its home, in widths of the panorama.
        foot: height of its feet in the picture, 1 = lower edge.
        height: in heights of the picture.
        skin, shirt, trousers: colours (3,).
        rhythm: of its fidgeting, see `poses.fidget`.
    """

    x: float
    foot: float
    height: float
    skin: Colour
    shirt: Colour
    trousers: Colour
    rhythm: poses.Floats

    @classmethod
    def draw_one(cls, rng: np.random.Generator, *, main: bool, x: float) -> Figure:
        """A random figure; the main one is the larger."""
        return cls(
            x=x,
            foot=float(rng.uniform(0.93, 0.97) if main else rng.uniform(0.82, 0.88)),
            height=float(rng.uniform(0.66, 0.74) if main else rng.uniform(0.48, 0.54)),
            skin=np.array(SKINS[rng.integers(len(SKINS))], np.float32),
            shirt=_cloth(rng),
            trousers=_cloth(rng) * np.float32(0.5),
            rhythm=np.stack([rng.uniform(4, 32, 4), rng.uniform(0.1, 0.45, 4), rng.random(4)]),
        )


def _cloth(rng: np.random.Generator) -> Colour:
    """A colour with one strong and one weak channel, so that it stands out from any wall."""
    colour = np.array([rng.uniform(200, 255), rng.uniform(60, 200), rng.uniform(0, 50)], np.float32)
    return colour[rng.permutation(3)]


def draw(picture: Picture, figure: Figure, pose: poses.Floats, prop: Prop | None) -> None:
    """Draw a figure in a pose into `picture` (H, W, 3), in place."""
    height, width = picture.shape[:2]
    unit = figure.height * height
    reach = math.ceil(0.62 * unit * STRETCH) + 2
    centre = (figure.x + pose[poses.DRIFT]) * width
    left = math.floor(centre) - reach
    columns: slice | NDArray[np.int64] = slice(left % width, left % width + 2 * reach)
    if left % width + 2 * reach > width:  # across the seam
        columns = np.arange(left, left + 2 * reach) % width
    top = max(0, math.floor(figure.foot * height - 1.2 * unit))
    canvas: Canvas = picture[top:, columns].astype(np.float32)
    body = _Body(canvas, centre - left, figure.foot * height - top, unit)
    _draw_body(body, figure, pose, prop)
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


def _draw_body(body: _Body, figure: Figure, pose: poses.Floats, prop: Prop | None) -> None:
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
        body.limb(start, elbow, ARM_RADIUS, figure.shirt * np.float32(0.8))
        body.limb(elbow, hand, ARM_RADIUS, figure.skin)
        hands.append(hand)
    if prop is not None:
        _draw_prop(body, prop, hands)


def _draw_prop(body: _Body, prop: Prop, hands: list[tuple[float, float]]) -> None:
    colour = np.array(PROP_COLOURS[prop], np.float32)
    (x, y) = hands[1]
    match prop:
        case Prop.CUP:
            body.limb((x, y - 0.02), (x, y + 0.06), 0.05, colour)
        case Prop.PHONE:
            body.limb((x - 0.02, y + 0.02), (x + 0.02, y + 0.07), 0.05, colour)
        case Prop.TOOL:
            body.limb((x, y), (x + 0.06, y + 0.13), 0.03, colour)
        case Prop.BOX:
            middle = (hands[0][0] + x) / 2, (hands[0][1] + y) / 2 - 0.03
            body.limb((middle[0] - 0.08, middle[1]), (middle[0] + 0.08, middle[1]), 0.06, colour)


def _turn(start: tuple[float, float], side: int, degrees: float) -> tuple[float, float]:
    """The far end of an arm bone: 0 = down, 90 = outwards, 180 = up, negative = inwards."""
    angle = math.radians(degrees)
    return start[0] + side * ARM * math.sin(angle), start[1] - ARM * math.cos(angle)


def _knee(hip: tuple[float, float], foot: tuple[float, float], side: int) -> tuple[float, float]:
    """Between hip and foot, bent outwards as far as the bones are too long for the way."""
    gap = math.dist(hip, foot)
    bend = math.sqrt(max(0.0, LEG**2 - (gap / 2) ** 2))
    return (hip[0] + foot[0]) / 2 + side * bend, (hip[1] + foot[1]) / 2
