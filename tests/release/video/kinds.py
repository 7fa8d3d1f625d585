"""Videos of many kinds, made by FFmpeg's own program, and what that program says of their frames."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from bineego.errors import InputInvalid
from bineego.video.frames import Backend, FrameOptions
from bineego.video.reader import VideoReader
from bineego.video.scan import scan

SIDE = 32
"""Pixels of the pictures that are compared."""

LIKE = 16.0
"""Grey levels by which two programs' versions of a picture may differ on average: they scale colours differently."""


def drawn(rate: str = "25", size: str = "128x96", seconds: float = 2) -> str:
    """Pictures, no two of them alike."""
    return f"testsrc2=size={size}:rate={rate}:duration={seconds}"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How to make a video.

    Attributes:
        how: FFmpeg's arguments between the pictures and the file.
        of: the pictures.
        part: name of an intermediate file; with it the file is made `then` of that.
        then: FFmpeg's arguments for it, with the part named PART.
        rate: frames per second of a file that has no times of its own.
    """

    how: str
    of: str = drawn()
    part: str = ""
    then: str = ""
    rate: Fraction | None = None


def copied(how: str, part: str, before: str = "", after: str = "") -> Kind:
    """Packets put into another container as they are."""
    return Kind(how=how, part=part, then=f"{before} -i PART -c copy {after}")


X264 = "-c:v libx264 -pix_fmt yuv420p -g 20 -bf 2"
X265 = "-c:v libx265 -x265-params keyint=20:bframes=3:log-level=none:pools=1"
MPEG2 = "-c:v mpeg2video -b:v 2M -g 12 -bf 2"
MPEG4 = "-c:v mpeg4 -b:v 1M"
AV1 = "-c:v libaom-av1 -cpu-used 8 -row-mt 0 -g 20"
VP8 = "-c:v libvpx -b:v 300k -cpu-used 8 -lag-in-frames 16"
VP9 = "-c:v libvpx-vp9 -cpu-used 8 -b:v 300k -g 20 -lag-in-frames 16"
WMV, THEORA = "-c:v wmv2 -b:v 1M", "-c:v libtheora -b:v 500k"
DV = "-c:v dvvideo -pix_fmt yuv420p"
TONE, AAC = "-f lavfi -i sine=duration=2", "-c:a aac"
RED = "-f lavfi -i color=red:size=64x64:rate=10:duration=2"
FIELDS = "-flags +ildct+ilme"
PAUSES = "-vf setpts='N*40+20*floor(N/3)+400*floor(N/17)' -fps_mode passthrough"
"""Steps that are uneven, and pauses; long ones, as FFmpeg counts these numbers in steps of the source."""
MILLISECONDS = f"{PAUSES} -enc_time_base 1:1000"
LATE, EARLY = "-output_ts_offset 3", "-output_ts_offset -0.5 -avoid_negative_ts disabled"
PAL, SQUARE, TELEPHONE = drawn(size="720x576", seconds=0.6), drawn(size="128x128"), drawn(size="176x144")
NTSC = drawn(size="720x480", rate="30000/1001", seconds=0.6)
FILM = drawn(rate="24000/1001")

KINDS: dict[str, Kind] = {
    # H.264: order of frames, pixels, sizes
    "b-frames.mp4": Kind(how=X264),
    "no-b-frames.mp4": Kind(how=f"{X264} -profile:v baseline"),
    "pyramid.mkv": Kind(how=f"{X264} -bf 8 -x264-params b-pyramid=normal:b-adapt=0"),
    "open-gop.mkv": Kind(how=f"{X264} -x264-params open-gop=1"),
    "refresh.mp4": Kind(how=f"{X264} -x264-params intra-refresh=1"),
    "ten-bit.mkv": Kind(how="-c:v libx264 -pix_fmt yuv420p10le -bf 2"),
    "ten-bit-422.mov": Kind(how="-c:v libx264 -pix_fmt yuv422p10le -bf 2"),
    "rgb.mkv": Kind(how="-c:v libx264rgb -pix_fmt rgb24"),
    "lossless-444.mp4": Kind(how="-c:v libx264 -pix_fmt yuv444p -qp 0"),
    "full-range.mp4": Kind(how="-c:v libx264 -pix_fmt yuvj420p -color_range pc"),
    "grey.mp4": Kind(how="-c:v libx264 -pix_fmt gray"),
    "interlaced.mp4": Kind(how=f"{X264} {FIELDS} -x264-params tff=1", of=SQUARE),
    "interlaced.ts": Kind(how=f"{X264} {FIELDS} -x264-params bff=1", of=SQUARE),
    "fake-interlaced.mkv": Kind(how=f"{X264} {FIELDS} -x264-params tff=1:fake-interlaced=1", of=SQUARE),
    "anamorphic.mp4": Kind(how=f"{X264} -vf setsar=16/11"),
    "odd-size.mkv": Kind(how="-c:v libx264 -pix_fmt yuv444p", of=drawn(size="127x95")),
    "cropped.mp4": Kind(how=X264, of=drawn(size="134x98")),
    "tiny.mp4": Kind(how=X264, of=drawn(size="16x16")),
    "still.mp4": Kind(how=X264, of="color=gray:size=64x64:rate=25:duration=2"),
    # Rates
    "ntsc.mp4": Kind(how=X264, of=drawn(rate="30000/1001")),
    "film.mkv": Kind(how=X264, of=FILM),
    "rounded.mp4": Kind(how=f"{X264} -video_track_timescale 600", of=FILM),
    "rounded-more.mp4": Kind(how=f"{X264} -video_track_timescale 90", of=FILM),
    "slow.mp4": Kind(how=X264, of=drawn(rate="1", seconds=12)),
    "fast.mp4": Kind(how=X264, of=drawn(rate="60")),
    "broadcast.ts": Kind(how=X264, of=drawn(rate="60000/1001")),
    "very-fast.mkv": Kind(how=X264, of=drawn(rate="240", seconds=0.5)),
    "one-frame.mp4": Kind(how=f"{X264} -frames:v 1"),
    "two-frames.mkv": Kind(how=f"{X264} -frames:v 2"),
    "uneven.mp4": Kind(how=f"{X264} {MILLISECONDS} -video_track_timescale 1000"),
    "uneven.mkv": Kind(how=f"{X264} {MILLISECONDS}"),
    "uneven.ts": Kind(how=f"{X264} {PAUSES}"),
    "uneven.flv": Kind(how=f"{X264} {MILLISECONDS}"),
    "uneven.nut": Kind(how=f"{X264} {MILLISECONDS}"),
    "uneven.mov": Kind(how=f"-c:v prores_ks {PAUSES}"),
    "uneven.avi": Kind(how=f"{MPEG4} {PAUSES}"),
    "uneven.webm": Kind(how=f"{VP9} {MILLISECONDS}"),
    "uneven-vp8.mkv": Kind(how=f"{VP8} -auto-alt-ref 1 {MILLISECONDS}"),
    "uneven.wmv": Kind(how=f"{WMV} {MILLISECONDS}"),
    "uneven.ogv": Kind(how=f"{THEORA} {MILLISECONDS}"),
    "uneven.gif": Kind(how=PAUSES),
    "uneven.apng": Kind(how=PAUSES),
    # Containers
    "transport.ts": Kind(how=X264),
    "resent.ts": Kind(how=f"{X264} -mpegts_flags resend_headers -pat_period 0.2"),
    "camcorder.m2ts": Kind(how=X264),
    "flash.flv": Kind(how=X264),
    "flash.f4v": Kind(how=f"{X264} -f f4v"),
    "telephone.3g2": Kind(how=f"{X264} -profile:v baseline"),
    "h264.nut": Kind(how=X264),
    "live.mkv": Kind(how=f"{X264} -live 1"),
    "fragments.mp4": Kind(how=f"{X264} -movflags frag_keyframe+empty_moov"),
    "fragments-late.mp4": Kind(how=f"{TONE} {X264} {AAC} -movflags empty_moov+delay_moov+frag_keyframe"),
    "dash.mp4": Kind(how=f"{X264} -movflags frag_every_frame+default_base_moof+dash"),
    "cmaf.mp4": Kind(how=f"{X264} -movflags cmaf+frag_keyframe"),
    "negative-offsets.mp4": Kind(how=f"{X264} -movflags negative_cts_offsets"),
    "header-first.mp4": Kind(how=f"{X264} -movflags faststart"),
    "timecode.mov": Kind(how=f"{X264} -timecode 10:00:00:00"),
    # Where the clock starts
    "late.mp4": Kind(how=f"{X264} {LATE}"),
    "late.mkv": Kind(how=f"{X264} {LATE}"),
    "late.flv": Kind(how=f"{X264} {LATE}"),
    "late.avi": Kind(how=f"{MPEG4} {LATE}"),
    "late.mpg": Kind(how=f"{MPEG2} {LATE}"),
    "late.ogv": Kind(how=f"{THEORA} {LATE}"),
    "late.wmv": Kind(how=f"{WMV} {LATE}"),
    "late.nut": Kind(how=f"{X264} {LATE}"),
    "late.ts": Kind(how=f"{X264} {LATE}"),
    "wrapping.ts": Kind(how=f"{X264} -output_ts_offset 95441"),
    "late-sound.mp4": Kind(how=f"{TONE} {X264} {AAC} {LATE}"),
    "early.mp4": Kind(how=f"{X264} {EARLY}"),
    "early-sound.mp4": Kind(how=f"{TONE} {X264} {AAC} {EARLY}"),
    # Sound and other streams
    "sound.mp4": Kind(how=f"{TONE} {X264} {AAC}"),
    "sound.mkv": Kind(how=f"{TONE} {X264} -c:a flac"),
    "sound.webm": Kind(how=f"{TONE} {VP9} -c:a libopus"),
    "sound.ts": Kind(how=f"{TONE} {X264} {AAC}"),
    "sound.flv": Kind(how=f"{TONE} {X264} {AAC}"),
    "sound.mpg": Kind(how=f"{TONE} {MPEG2} -c:a mp2"),
    "sound.avi": Kind(how=f"{TONE} {MPEG4} -bf 2 -c:a mp3"),
    "sound.wmv": Kind(how=f"{TONE} {WMV} -c:a wmav2"),
    "sound.ogv": Kind(how=f"{TONE} {THEORA} -c:a libvorbis"),
    "sound.mxf": Kind(how=f"{TONE} {MPEG2} -c:a pcm_s16le -ar 48000"),
    "picture-later.mp4": copied(f"{TONE} {X264} {AAC}", "both.mp4", "-itsoffset 0.7 -i PART", "-map 0:v -map 1:a"),
    "picture-later.mkv": copied(f"{TONE} {X264} {AAC}", "both.mp4", "-itsoffset 0.7 -i PART", "-map 0:v -map 1:a"),
    "sound-later.mov": copied(f"{TONE} {X264} {AAC}", "both.mp4", "-itsoffset 0.7 -i PART", "-map 1:v -map 0:a"),
    "two-pictures.mkv": Kind(how=f"{RED} -map 0:v -map 1:v {X264}"),
    "two-pictures.mp4": Kind(how=f"{RED} -map 1:v -map 0:v {X264}"),
    "cover.mp4": Kind(
        how=X264, part="plain.mp4",
        then="-f lavfi -i color=red:rate=1:duration=1 -i PART -map 0 -map 1 -c:v:0 mjpeg -c:v:1 copy "
        "-disposition:v:0 attached_pic",
    ),
    # Cut without encoding: edit lists, frames that are not shown
    "cut.mp4": copied(X264, "whole.mp4", "-ss 0.9"),
    "cut.mkv": copied(X264, "whole.mp4", "-ss 0.9"),
    "cut-end.mp4": copied(X264, "whole.mp4", after="-t 1.1"),
    "cut-late.mp4": copied(f"{X264} -output_ts_offset 1.3", "whole.mp4", "-ss 0.9"),
    "cut-delayed.mp4": copied(f"{TONE} {X264} {AAC}", "both.mp4", "-ss 0.5 -itsoffset 0.7"),
    "cut-sound.mp4": copied(f"{TONE} {X264} {AAC}", "both.mp4", "-ss 0.9"),
    "cut-sound.ts": copied(f"{TONE} {X264} {AAC}", "both.mp4", "-ss 0.9"),
    "cut-sound.avi": copied(f"{TONE} {MPEG4} -c:a mp3", "both.avi", "-ss 0.9"),
    "cut-open.mp4": copied(f"{X264} -x264-params open-gop=1", "open.mp4", "-ss 0.9"),
    "cut-hevc.mp4": copied(X265, "whole.mp4", "-ss 0.9"),
    "cut-vp9.webm": copied(VP9, "whole.webm", "-ss 0.9"),
    "cut-fragments.mp4": copied(X264, "whole.mp4", "-ss 0.9", "-movflags frag_keyframe+empty_moov"),
    # Turned
    "turned-90.mp4": copied(X264, "flat.mp4", after="-metadata:s:v rotate=90"),
    "turned-180.mov": copied(X264, "flat.mp4", after="-metadata:s:v rotate=180"),
    "turned-270.mp4": copied(X264, "flat.mp4", after="-metadata:s:v rotate=270"),
    "turned.mkv": copied(X264, "flat.mp4", after="-metadata:s:v rotate=90"),
    # HEVC, AV1, VP8, VP9
    "hevc.mp4": Kind(how=f"{X265} -tag:v hvc1"),
    "hevc-open.mov": Kind(how=f"{X265}:open-gop=1 -tag:v hvc1"),
    "hevc-ten-bit.mkv": Kind(how=f"{X265} -pix_fmt yuv420p10le"),
    "hevc-interlaced.mkv": Kind(how=f"{X265}:interlace=tff", of=SQUARE),
    "hevc.ts": Kind(how=X265),
    "hdr.mkv": Kind(how=f"{X265} -pix_fmt yuv420p10le -color_trc smpte2084 -colorspace bt2020nc"),
    "av1.mp4": Kind(how=AV1),
    "av1.mkv": Kind(how=f"{AV1} -lag-in-frames 19"),
    "av1-ten-bit.webm": Kind(how=f"{AV1} -pix_fmt yuv420p10le"),
    "av1.ivf": Kind(how=AV1),
    "svt.mp4": Kind(how="-c:v libsvtav1 -preset 12 -svtav1-params lp=1"),
    "vp8.webm": Kind(how=f"{VP8} -auto-alt-ref 1"),
    "vp8-alpha.webm": Kind(how=f"{VP8} -pix_fmt yuva420p -auto-alt-ref 0"),
    "vp8.ivf": Kind(how=f"{VP8} -auto-alt-ref 1"),
    "vp9.webm": Kind(how=f"{VP9} -auto-alt-ref 1"),
    "vp9.mp4": Kind(how=VP9),
    "vp9-444.mkv": Kind(how=f"{VP9} -pix_fmt yuv444p"),
    "vp9.ivf": Kind(how=VP9),
    # MPEG and its like
    "mpeg4.avi": Kind(how=MPEG4),
    "mpeg4-b-frames.avi": Kind(how=f"{MPEG4} -bf 2"),
    "mpeg4-b-frames.mp4": Kind(how=f"{MPEG4} -bf 2 -flags +qpel"),
    "packed.avi": Kind(how="-c:v libxvid -b:v 1M -bf 2"),
    "h264.avi": Kind(how=X264),
    "msmpeg4.avi": Kind(how="-c:v msmpeg4 -b:v 1M"),
    "mpeg2.mpg": Kind(how=MPEG2),
    "mpeg2.vob": Kind(how=f"{MPEG2} -f vob"),
    "mpeg2.mkv": Kind(how=MPEG2),
    "mpeg2.mxf": Kind(how=MPEG2),
    "mpeg2-interlaced.ts": Kind(how=f"{MPEG2} {FIELDS} -top 1", of=SQUARE),
    "camera.mxf": Kind(how=f"{MPEG2} {FIELDS} -top 1 -pix_fmt yuv422p", of=PAL),
    "recorded.wtv": Kind(how=MPEG2),
    "mpeg1.mpg": Kind(how="-c:v mpeg1video -b:v 1M -bf 2"),
    "video-cd.mpg": Kind(how="-c:v mpeg1video -b:v 1M -bf 2 -f vcd", of=drawn(size="352x288")),
    "wmv2.wmv": Kind(how=WMV),
    "wmv1.asf": Kind(how="-c:v wmv1 -b:v 1M"),
    "h263.3gp": Kind(how="-c:v h263 -b:v 500k", of=TELEPHONE),
    "sorenson.flv": Kind(how="-c:v flv -b:v 500k"),
    "real.rm": Kind(how="-c:v rv20 -b:v 500k", of=TELEPHONE),
    "theora.ogv": Kind(how=THEORA),
    "cinepak.mov": Kind(how="-c:v cinepak -frames:v 20"),
    "svq1.mov": Kind(how="-c:v svq1"),
    "snow.avi": Kind(how="-c:v snow -strict -2"),
    "dirac.mkv": Kind(how="-c:v vc2 -pix_fmt yuv422p"),
    # Pictures one by one
    "mjpeg.avi": Kind(how="-c:v mjpeg -q:v 3"),
    "mjpeg.mov": Kind(how="-c:v mjpeg -q:v 3", of=drawn(rate="30000/1001")),
    "jpeg2000.mov": Kind(how="-c:v jpeg2000"),
    "jpeg2000.mxf": Kind(how="-c:v jpeg2000 -pix_fmt yuv422p"),
    "prores.mov": Kind(how="-c:v prores_ks"),
    "prores-interlaced.mov": Kind(how=f"-c:v prores_ks {FIELDS} -vf setfield=tff", of=SQUARE),
    "dnxhr.mxf": Kind(how="-c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p", of=drawn(size="256x128", seconds=1)),
    "dv.dv": Kind(how=DV, of=PAL),
    "dv.avi": Kind(how=DV, of=PAL),
    "dv-ntsc.dv": Kind(how="-c:v dvvideo -pix_fmt yuv411p", of=NTSC),
    "dv-ntsc.mov": Kind(how="-c:v dvvideo -pix_fmt yuv411p", of=NTSC),
    "ffv1.mkv": Kind(how="-c:v ffv1"),
    "huffyuv.avi": Kind(how="-c:v huffyuv"),
    "utvideo.avi": Kind(how="-c:v utvideo -pix_fmt yuv420p"),
    "raw.avi": Kind(how="-c:v rawvideo -pix_fmt yuv420p"),
    "raw.mov": Kind(how="-c:v v210 -pix_fmt yuv422p10le", of=drawn(seconds=0.6)),
    "png.mov": Kind(how="-c:v png -pix_fmt rgb24"),
    "animation.mov": Kind(how="-c:v qtrle -pix_fmt rgb24"),
    "pictures.gif": Kind(how="", of=drawn(rate="10")),
    "pictures.apng": Kind(how="-plays 1", of=drawn(rate="10")),
    "plain.y4m": Kind(how="-pix_fmt yuv420p"),
    # Without any times
    "raw.h264": Kind(how=X264, of=drawn(rate="10", seconds=3), rate=Fraction(10)),
    "raw.hevc": Kind(how=X265, of=drawn(rate="10", seconds=3), rate=Fraction(10)),
    "raw.m2v": Kind(how=MPEG2, of=drawn(rate="50", seconds=1), rate=Fraction(50)),
    "raw.m1v": Kind(how="-c:v mpeg1video -b:v 1M -bf 2", of=drawn(rate="30"), rate=Fraction(30)),
    "raw.m4v": Kind(how=f"{MPEG4} -bf 2 -f m4v", of=drawn(rate="10"), rate=Fraction(10)),
    "raw.obu": Kind(how=f"{AV1} -f obu"),
    "raw.mjpeg": Kind(how="-c:v mjpeg -q:v 3", rate=Fraction(25)),
}  # fmt: skip


def run(*args: object) -> bytes:
    done = subprocess.run(list(map(str, args)), capture_output=True, check=False)
    assert done.returncode == 0, (args, done.stderr.decode(errors="replace"))
    return done.stdout


def make(name: str, folder: Path) -> Path:
    """The video of this kind, in a folder."""
    kind, path = KINDS[name], folder / name
    first = folder / f"of-{name}-{kind.part}" if kind.part else path
    start = ("ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1")
    run(*start, "-f", "lavfi", "-i", kind.of, *shlex.split(kind.how), "-threads", "1", first)
    if kind.part:
        run(*start, *[str(first) if word == "PART" else word for word in shlex.split(kind.then)], path)
    return path


def shown_stream(path: Path) -> int:
    """The picture that a player shows: the first that is not a cover."""
    found = json.loads(run("ffprobe", "-v", "error", "-select_streams", "v", "-show_streams", "-of", "json", path))
    return next(int(one["index"]) for one in found["streams"] if not one["disposition"]["attached_pic"])


def told_times(path: Path, rate: Fraction | None = None) -> np.ndarray:
    """When each frame is on screen by FFmpeg's program, seconds (F,); 0 is where the file starts."""
    asked = "frame=best_effort_timestamp:stream=time_base,start_time:format=start_time"
    how = ("-v", "error", "-threads", "1", "-select_streams", shown_stream(path), "-show_entries", asked, "-of", "json")
    found = json.loads(run("ffprobe", *how, path))
    if rate is not None:
        return np.array([float(number / rate) for number in range(len(found["frames"]))])
    base = Fraction(found["streams"][0]["time_base"])
    zero, own = (part.get("start_time", "0") for part in (found["format"], found["streams"][0]))
    # Before FFmpeg 7, what a decoder of sound needs before the first sound counted as a start before 0.
    zero = Fraction(zero) if zero == own else max(Fraction(zero), Fraction(0))
    frames = [one.get("best_effort_timestamp") for one in found["frames"]]
    ticks = [int(tick) for tick in frames if tick is not None]
    if len(ticks) < len(frames):  # of an AVI with B-frames the last have none
        usual = round(np.median(np.diff(ticks)))
        ticks += [ticks[-1] + usual * (1 + late) for late in range(len(frames) - len(ticks))]
    return np.array([float(tick * base - zero) for tick in ticks])


def told_pictures(path: Path) -> np.ndarray:
    """The pictures by FFmpeg's program, grey (F, SIDE, SIDE)."""
    how = ("-fps_mode", "passthrough", "-vf", f"scale={SIDE}:{SIDE}:flags=area", "-pix_fmt", "gray", "-f", "rawvideo")
    found = run("ffmpeg", "-v", "error", "-threads", "1", "-i", path, "-map", f"0:{shown_stream(path)}", *how, "-")
    return np.frombuffer(found, np.uint8).reshape(-1, SIDE, SIDE).astype(np.float64)


def problems(name: str, folder: Path) -> list[str]:
    """How what both backends give of a kind differs from what FFmpeg's program says; a refusal is none."""
    path = make(name, folder)
    times, pictures = told_times(path, KINDS[name].rate), told_pictures(path)
    timeline = scan(path)
    found = []
    if len(timeline.times) != len(times) or np.abs(timeline.times - times).max() > 2e-6:  # FFmpeg prints microseconds
        return [f"{name}: times {timeline.times[:4]}, not {times[:4]}; {len(timeline.times)} of {len(times)}"]
    if timeline.damage.doubtful or timeline.damage.ends or timeline.damage.broken:
        found.append(f"{name}: a false alarm, {timeline.damage}")
    for backend in Backend:
        reader = VideoReader(path, FrameOptions(size=SIDE), backend=backend, timeline=timeline)
        try:
            frames = list(reader.read())
        except InputInvalid as error:  # the only thing that OpenCV may do with what it cannot decode
            if backend is Backend.PYAV or "default backend" not in str(error):
                found.append(f"{name}, {backend}: {error}")
            continue
        if len(frames) != len(reader.kept) or reader.damaged:
            found.append(f"{name}, {backend}: {len(frames)} frames of {len(reader.kept)}, {reader.damaged} damaged")
        for frame, number in zip(frames, reader.kept.tolist(), strict=False):
            grey = frame.picture @ np.array([0.299, 0.587, 0.114])
            apart = np.abs(pictures - grey).mean(axis=(1, 2))
            if apart[number] > min(LIKE, apart.min() + 0.5) or abs(frame.time - times[number]) > 2e-6:
                found.append(f"{name}, {backend}: frame {number} is frame {apart.argmin()}, {frame.time} s")
                break
    return found
