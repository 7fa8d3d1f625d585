"""Repairs the times of a file: damaged times are interpolated between their neighbours, and joined recordings continue.

Packets come in the order of decoding, so their clock only grows. Where it does not, one of two things happened: it
comes back to where it would be by now (the times in between are damaged), or it goes on from elsewhere (two recordings
were joined). A single step ahead is a pause, unless the header promises an end that leaves no room for it.

Shape suffixes: P packets in file order, K of them with a time on the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bineego.types import Bools, Ints
from bineego.video.pace import DROPPED, FEW, REORDERED, Pace, even_step, extreme_steps, lone_ends, misfits
from bineego.video.timeline import NEVER_SHOWN

LONGEST_PAUSE = 3600
"""Seconds. No recording pauses for longer; what steps further ahead is another clock."""

LOOK_AHEAD = 64
"""Steps of the clock among which its return is looked for."""

SPARSE = 0.05
"""Share of packets without a time up to which they count as damaged; a container that leaves out more may do so."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Clock:
    """Times of P packets, ticks.

    Attributes:
        pts: presentation times (P,), `NEVER_SHOWN` where there is none.
        dts: decoding times (P,), likewise.
        doubtful: packets (D,) whose time was set by their neighbours, increasing.
        joins: packets (J,) at which a recording with its own clock begins.
    """

    pts: Ints
    dts: Ints
    doubtful: Ints
    joins: Ints


def mend(pts: Ints, dts: Ints, pace: Pace, hidden: Bools | None = None) -> Clock:
    """Mend the times of a file.

    Args:
        pts, dts: times (P,) of the packets as the file has them; `NEVER_SHOWN` where there is none.
        pace: what is known beforehand.
        hidden: packets (P,) that a player does not show; their times need not fit among the others.
    """
    leader = dts if pace.by_dts else pts
    judged = np.ones(len(pts), np.bool_) if hidden is None else ~hidden
    known = np.flatnonzero(leader != NEVER_SHOWN)
    clock = leader[known]
    shown = pts[pts != NEVER_SHOWN]
    ahead = max(0, int(shown.min() - clock.min())) if pace.by_dts and len(shown) and len(clock) else 0
    moved, wrong, joins, later = _lead(clock, judged[known], pace, ahead)
    shift = np.zeros(len(pts), np.int64)
    shift[known] = moved - clock
    shift = shift[_latest(known[~wrong], len(pts))] if (~wrong).any() else shift
    new_pts, new_dts = (np.where(ticks == NEVER_SHOWN, NEVER_SHOWN, ticks + shift) for ticks in (pts, dts))
    (new_dts if pace.by_dts else new_pts)[known] = moved
    doubtful = np.zeros(len(pts), np.bool_)
    doubtful[known[wrong]] = True
    if pace.by_dts:
        doubtful |= _strayed(new_pts, new_dts, doubtful, pace)
        doubtful |= _unsteady(new_pts, moved, judged & ~doubtful, pace)
    missing = pts == NEVER_SHOWN
    filled = doubtful | missing if missing.sum() <= SPARSE * len(pts) else doubtful
    target = _targets(new_pts, new_dts, filled, pace)
    filled = filled & (target != NEVER_SHOWN)
    _fill(new_pts, pts, target, filled, pace)
    # Several frames may share one time by the rules of a container that has decoding times; that is not damage.
    told = np.flatnonzero(doubtful if pace.by_dts else filled)
    return Clock(pts=new_pts, dts=new_dts, doubtful=np.union1d(told, known[later[:1]]), joins=known[joins])


def _lead(clock: Ints, judged: Bools, pace: Pace, ahead: int) -> tuple[Ints, Bools, Ints, Ints]:
    """The repaired times (K,); which of them are damaged (K,), where new recordings begin (J,), and which packets came
    behind a pause that cannot be. The clock begins `ahead` of the first frame on screen."""
    wrong, joins = _follow(clock, pace)
    moved = clock + _offsets(clock, wrong, joins, pace)
    wrong |= _alone(moved, wrong, pace) if pace.by_dts else misfits(moved, judged & ~wrong, pace)
    later = _impossible_pause(moved, wrong, pace, ahead)
    if len(later):
        moved[later] -= moved[later[0]] - moved[~wrong & (moved < moved[later[0]])].max() - pace.usual
    _interpolate(moved, wrong)
    return moved, wrong, joins, later


def _unsteady(pts: Ints, decoded: Ints, judged: Bools, pace: Pace) -> Bools:
    """Which presentation times (P,) do not fit an even clock, by which all frames are decoded (K,)."""
    trusted = judged & (pts != NEVER_SHOWN)
    shortest, longest = extreme_steps(decoded, pace)
    if shortest < 0.75:  # the clock itself is not even: then that of presentation need not be
        return np.zeros(len(pts), np.bool_)
    # Frames that were dropped behind the first are missing from the decoding times too.
    complete = longest < 1.5 and trusted.sum() == len(pts)
    return misfits(pts, trusted, pace, 0 if complete else DROPPED)


def _follow(clock: Ints, pace: Pace) -> tuple[Bools, Ints]:
    """Which times (K,) are damaged, and where (J,) a new recording begins."""
    wrong, joins = np.zeros(len(clock), np.bool_), []
    steps, longest = np.diff(clock), LONGEST_PAUSE * pace.second
    if not ((steps < -pace.slack) | (steps > longest)).any():
        return wrong, np.zeros(0, np.int64)
    edges = (np.flatnonzero((steps < -pace.slack) | (steps > max(pace.slack, 2 * pace.usual))) + 1).tolist()
    at = 0
    while at < len(edges):
        first, before = edges[at], edges[at] - 1
        nearby = range(at + 1, min(len(edges), at + 1 + LOOK_AHEAD))
        back = next((later for later in nearby if _is_away(clock, before, first, edges[later], pace)), None)
        step = int(clock[first] - clock[before])
        if back is not None:
            wrong[first : edges[back]] = True
            at = back
        elif first <= pace.stamped[0] and (step < -pace.slack or step > longest):
            wrong[:first] = True  # what has one time stamp is no recording
        elif first >= len(clock) - pace.stamped[1] and (step > longest or (not pace.slack and step < 0)):
            wrong[first:] = True
        elif (step < -pace.slack and _starts_anew(clock, first, pace)) or step > longest:
            joins.append(first)
        at += 1
    return wrong, np.array(joins, np.int64)


def _is_away(clock: Ints, before: int, first: int, back: int, pace: Pace) -> bool:
    """Whether the packets from `first` to `back` are off the clock that the ones before and after agree on."""
    gap, due = int(clock[back] - clock[before]), (back - before) * pace.usual
    if pace.slack == 0:
        away = clock[first] <= clock[before] or clock[back - 1] >= clock[back]
        return bool(due // 2 <= gap <= due + pace.second and away)
    if abs(gap - due) > pace.slack:
        return False
    # With reordering a frame after a pause may come before those that lead up to it: then the others follow soon.
    after = clock[back : back + REORDERED]
    away = clock[first:back]
    if away.min() > after.max():
        end = None if pace.promised is None else int(clock[0]) + pace.promised
        return len(after) == REORDERED or (end is not None and int(away.min()) > end)
    return bool(away.max() < clock[max(0, first - REORDERED) : first].min())


def _starts_anew(clock: Ints, first: int, pace: Pace) -> bool:
    """Whether the clock stays behind from `first` on. With reordering, a frame after a pause may have come early."""
    after = clock[first : first + REORDERED]
    return pace.slack == 0 or (len(after) == REORDERED and int(after.max()) < int(clock[first - 1]))


def _alone(clock: Ints, wrong: Bools, pace: Pace) -> Bools:
    """The first and the last packets (K,) that are far off where all others are evenly apart."""
    alone, good = np.zeros(len(clock), np.bool_), np.flatnonzero(~wrong)
    if pace.by_lengths:
        return alone
    early, late = lone_ends(clock[good], pace.of_decoding())
    alone[good[:early]] = True
    alone[good[len(good) - late :]] = True
    return alone


def _offsets(clock: Ints, wrong: Bools, joins: Ints, pace: Pace) -> Ints:
    """What to add to each time (K,) so that a recording goes on where the one before it ends."""
    offsets = np.zeros(len(clock), np.int64)
    start = 0
    for join in joins.tolist():
        before = (clock + offsets)[start:join][~wrong[start:join]]
        after = clock[join : join + REORDERED if pace.slack else join + 1]
        if len(before):
            offsets[join:] = before.max() + pace.usual - after.min()
        start = join
    return offsets


def _impossible_pause(clock: Ints, wrong: Bools, pace: Pace, ahead: int) -> Ints:
    """The packets behind the step by which the video is longer than its header promises, in order of their times."""
    good = np.flatnonzero(~wrong)
    nothing = np.zeros(0, np.int64)
    if pace.promised is None or len(good) < 2:
        return nothing
    order = good[np.argsort(clock[good], kind="stable")]
    steps = np.diff(clock[order])
    excess = int(np.ptp(clock[good])) - ahead - pace.promised  # below 0 of a whole file: the last frame has a length
    largest = int(steps.argmax())
    if excess <= pace.tolerance or abs(int(steps[largest]) - 2 * pace.usual - excess) > pace.tolerance:
        return nothing
    later: Ints = order[largest + 1 :]
    return later


def _interpolate(clock: Ints, wrong: Bools) -> None:
    """Set damaged times (K,) evenly between the right ones around them; at an end, as far apart as usual there."""
    good = np.flatnonzero(~wrong)
    if len(good) < 2 or not wrong.any():
        return
    bad = np.flatnonzero(wrong)
    clock[bad] = np.rint(np.interp(bad, good, clock[good])).astype(np.int64)
    usual = int(np.median(np.diff(clock[good])))
    early, late = bad[bad < good[0]], bad[bad > good[-1]]
    clock[early] = clock[good[0]] - usual * (good[0] - early)
    clock[late] = clock[good[-1]] + usual * (late - good[-1])


def _latest(places: Ints, n: int) -> Ints:
    """For each of `n` packets the latest of `places` up to it, or the first of them."""
    return places[np.clip(np.searchsorted(places, np.arange(n), side="right") - 1, 0, None)]


def _targets(pts: Ints, dts: Ints, doubtful: Bools, pace: Pace) -> Ints:
    """About where each presentation time (P,) is to be expected."""
    if pace.by_dts:
        both = (pts != NEVER_SHOWN) & (dts != NEVER_SHOWN) & ~doubtful
        delay = int(np.median((pts - dts)[both])) if both.any() else 0
        return np.where(dts == NEVER_SHOWN, NEVER_SHOWN, dts + delay)
    good = np.flatnonzero((pts != NEVER_SHOWN) & ~doubtful)
    if not len(good):
        return np.full(len(pts), NEVER_SHOWN, np.int64)
    places = np.arange(len(pts))
    target: Ints = np.rint(np.interp(places, good, pts[good])).astype(np.int64)
    target += pace.usual * (np.minimum(places - good[0], 0) + np.maximum(places - good[-1], 0))
    return target


def _strayed(pts: Ints, dts: Ints, suspect: Bools, pace: Pace) -> Bools:
    """Which presentation times (P,) lie further from the decoding times around them than reordering reaches."""
    stray = np.zeros(len(pts), np.bool_)
    both = np.flatnonzero((pts != NEVER_SHOWN) & (dts != NEVER_SHOWN))
    if not len(both):
        return stray
    shown, place = pts[both], np.arange(len(both))
    late = (shown - dts[both])[~suspect[both]]
    # What all frames are late by, but for a few damaged ones. Where there are many pauses, most are later by one.
    usually = int(np.quantile(late, 0.1, method="lower")) if len(late) else 0
    decoded = dts[both] + usually
    low = decoded[np.maximum(place - REORDERED, 0)]
    high = decoded[np.minimum(place + REORDERED, len(both) - 1)]
    # Near the end, what a late frame waits for may not be there: only the header knows better.
    end = shown if pace.promised is None else np.full_like(shown, shown[0] + pace.promised)
    high = np.where(place + REORDERED < len(both), high, np.maximum(high, end))
    far = (shown > high + pace.second) | (shown < low - pace.second)
    if len(both) < len(pts):  # no frame is shown before it is decoded; where all have times, `misfits` tells better
        before = shown < dts[both] - pace.usual
        far |= before & (before.sum() <= FEW)
    stray[both] = far
    return stray


def _fill(pts: Ints, order: Ints, target: Ints, doubtful: Bools, pace: Pace) -> None:
    """Give doubtful packets the times that are free among the others, near their targets.

    Args:
        order: the file's own presentation times (P,): where they are damaged together, their order still tells.
    """
    good = np.sort(pts[(pts != NEVER_SHOWN) & ~doubtful])
    even = even_step(np.diff(good), pace.second) is not None
    usual = pace.usual
    for run in _runs(np.flatnonzero(doubtful)):
        aims = np.sort(target[run])
        slots = _free(good, aims[0] - REORDERED * usual, aims[-1] + REORDERED * usual, usual)
        if len(slots) >= len(run):
            windows = np.lib.stride_tricks.sliding_window_view(slots, len(run))
            aims = windows[np.abs(windows - aims).sum(axis=1).argmin()]
        elif len(good) and (run[0] == 0 or aims[0] < good[0] or (even and aims[0] - good[0] < REORDERED * usual)):
            aims = good[0] - usual * np.arange(len(run), 0, -1)
        elif len(good) and (aims[-1] > good[-1] or (even and good[-1] - aims[-1] < REORDERED * usual)):
            aims = good[-1] + usual * np.arange(1, len(run) + 1)
        else:
            aims = _apart(aims, good)
        in_order = np.ptp(order[run]) < (len(run) + REORDERED) * usual
        pts[run[np.argsort((order if in_order else target)[run], kind="stable")]] = aims
        good = np.sort(np.append(good, aims))


def _runs(packets: Ints) -> Iterator[Ints]:
    """Packets that follow each other, together."""
    yield from (run for run in np.split(packets, np.flatnonzero(np.diff(packets) > 1) + 1) if len(run))


def _free(good: Ints, low: int, high: int, usual: int) -> Ints:
    """Times between those of `good` that are missing there, from `low` to `high`."""
    around = good[max(0, int(np.searchsorted(good, low)) - 1) : int(np.searchsorted(good, high)) + 1]
    slots: list[Ints] = []
    for left, right in zip(around[:-1].tolist(), around[1:].tolist(), strict=True):
        n = round((right - left) / usual) - 1
        if n > 0:
            slots.append(np.rint(np.linspace(left, right, n + 2)[1:-1]).astype(np.int64))
    return np.concatenate(slots) if slots else np.zeros(0, np.int64)


def _apart(ticks: Ints, taken: Ints) -> Ints:
    """Increasing ticks made distinct from each other and from `taken`."""
    used = set(taken.tolist())
    found = []
    for tick in ticks.tolist():
        while tick in used:
            tick += 1
        used.add(tick)
        found.append(tick)
    return np.array(found, np.int64)
