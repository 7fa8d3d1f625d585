// The labels that are worked on: segments by video, with undo and redo. Knows nothing of the page.
//
// A segment is {label, start, end, score, state}; state: predicted, accepted, edited or added. Times in seconds.

const NEW_LENGTH = 0.05; // of the time in view, for a segment that is added

class Labels {
  constructor(videos, names, least) {
    this.names = [...names];
    this.least = least; // predictions that score less are not shown, nor saved
    this.videos = new Map(videos.map((video) => [video.id, video.segments.map(Labels.read)]));
    this.touched = new Set(); // videos in which something was decided
    this.past = [];
    this.future = [];
  }

  static read([label, start, end, score]) {
    return { label, start, end, score, state: "predicted" };
  }

  of(video) {
    return this.videos.get(video).filter((one) => one.state !== "predicted" || one.score === null || one.score >= this.least);
  }

  // Index of a name, which is added if it is new.
  label(name) {
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }

  add(video, segment) {
    return this.#do([{ video, before: null, after: { ...segment, state: "added" } }]);
  }

  remove(video, segment) {
    return this.#do([{ video, before: segment, after: null }]);
  }

  change(video, segment, values) {
    const same = Object.keys(values).every((key) => segment[key] === values[key]);
    const state = segment.state === "added" ? "added" : "edited";
    return same ? segment : this.#do([{ video, before: segment, after: { ...segment, ...values, state } }]);
  }

  accept(video, segments) {
    const open = segments.filter((segment) => segment.state === "predicted");
    return this.#do(
      open.map((segment) => ({ video, before: segment, after: { ...segment, state: "accepted" } })),
      video,
    );
  }

  undo() {
    this.#step(this.past, this.future, "after", "before");
  }

  redo() {
    this.#step(this.future, this.past, "before", "after");
  }

  // Segments of the videos in which something was decided, those of each in order of time; by video.
  decided() {
    const found = new Map();
    for (const video of this.videos.keys()) {
      if (this.touched.has(video)) found.set(video, this.of(video).sort((a, b) => a.start - b.start || a.end - b.end));
    }
    return found;
  }

  open(video) {
    return this.of(video).filter((segment) => segment.state === "predicted").length;
  }

  #do(changes, looked = null) {
    const step = { changes, touched: new Set(this.touched) };
    for (const change of changes) this.#put(change.video, change.before, change.after);
    for (const video of [looked, ...changes.map((change) => change.video)]) if (video !== null) this.touched.add(video);
    this.past.push(step);
    this.future.length = 0;
    return changes.length ? changes[changes.length - 1].after : null;
  }

  #step(from, to, old, now) {
    const step = from.pop();
    if (!step) return;
    for (const change of [...step.changes].reverse()) this.#put(change.video, change[old], change[now]);
    to.push({ changes: step.changes, touched: this.touched });
    this.touched = step.touched;
  }

  #put(video, before, after) {
    const segments = this.videos.get(video);
    const at = before ? segments.indexOf(before) : -1;
    if (at < 0) segments.push(after);
    else if (after) segments[at] = after;
    else segments.splice(at, 1);
  }
}
