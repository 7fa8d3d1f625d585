// One video's timeline: lanes of actions, truth below them, scores as heat, thumbnails, a cursor. Only what is in view has
// elements of its own.

const LANE = 40; // pixels, as in the style
const STRIP = { top: 33, height: 6 };
const EDGE = 6;
const SHORTEST = 0.02; // seconds of a segment
const STEPS = [0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];

function hue(label) {
  return Math.round((label * 137.508 + 215) % 360);
}

function clockText(seconds, digits = 2) {
  const sign = seconds < 0 ? "-" : "";
  const rounded = Number(Math.abs(seconds).toFixed(digits)); // 59.999 is 1:00.00
  const hours = Math.floor(rounded / 3600), minutes = Math.floor((rounded % 3600) / 60);
  const rest = (rounded % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return sign + (hours ? `${hours}:${String(minutes).padStart(2, "0")}` : String(minutes)) + `:${rest}`;
}

class Timeline {
  // `on`: {seek(seconds), select(segment), change(segment, values), add(label, start, end)}
  constructor(elements, on) {
    Object.assign(this, elements);
    this.on = on;
    this.every = false;
    this.field.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.field.addEventListener("pointerdown", (event) => this.#press(event));
    this.field.addEventListener("dblclick", (event) => this.#double(event));
    new ResizeObserver(() => this.draw()).observe(this.field);
  }

  show(video, segments, names) {
    const other = this.video !== video;
    Object.assign(this, { video, segments, names });
    if (other) {
      this.strips = video.strips ? Uint8Array.from(atob(video.strips.data), (c) => c.charCodeAt(0)) : null;
      this.selected = null;
      this.time = 0;
      this.fit();
    } else {
      this.draw();
    }
  }

  fit() {
    this.from = 0;
    this.to = Math.max(this.video.length, SHORTEST);
    this.draw();
  }

  zoom(factor, centre = this.time) {
    const least = Math.min(0.2, this.video.length || 0.2);
    const width = Math.min(Math.max((this.to - this.from) * factor, least), this.video.length);
    const share = Math.min(1, Math.max(0, (centre - this.from) / (this.to - this.from)));
    this.#move(centre - share * width, width);
  }

  // A stretch with as much again around it.
  look(start, end) {
    const width = Math.min(this.video.length, 2 * (end - start));
    this.#move(start - (width - (end - start)) / 2, width);
  }

  reveal(seconds) {
    const width = this.to - this.from;
    if (seconds < this.from || seconds > this.to) this.#move(seconds - width / 2, width);
  }

  setTime(seconds, follow = false) {
    this.time = seconds;
    if (follow) this.reveal(seconds);
    const x = this.#x(seconds);
    this.cursor.style.transform = `translateX(${x}px)`;
    this.cursor.hidden = x < 0 || x > this.field.clientWidth;
  }

  // Classes with a lane: those with a segment or truth, or a score worth a look; or all of them.
  lanes() {
    const seen = new Set(this.segments.map((one) => one.label));
    for (const [label] of this.video.truth ?? []) seen.add(label);
    for (const label of this.video.strips?.strong ?? []) seen.add(label);
    if (this.selected) seen.add(this.selected.label);
    return this.names.map((_, label) => label).filter((label) => this.every || seen.has(label));
  }

  draw() {
    if (!this.video || this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.#draw();
    });
  }

  #draw() {
    const lanes = this.lanes();
    this.row = new Map(lanes.map((label, row) => [label, row]));
    this.#drawThumbs();
    this.#drawRuler();
    this.top = this.lanesElement.offsetTop;
    this.namesElement.style.setProperty("--top", `${this.top}px`);
    const counts = new Map();
    for (const one of this.segments) counts.set(one.label, (counts.get(one.label) ?? 0) + 1);
    this.namesElement.replaceChildren(...lanes.map((label) => {
      const element = document.createElement("div");
      element.textContent = `${this.names[label]} `;
      element.title = this.names[label];
      const count = document.createElement("small");
      count.textContent = counts.get(label) ?? "";
      element.append(count);
      return element;
    }));
    const rows = lanes.map((label) => {
      const element = document.createElement("div");
      element.className = "lane";
      element.dataset.label = label;
      element.style.setProperty("--hue", hue(label));
      return element;
    });
    const within = (start, end) => end >= this.from && start <= this.to;
    for (const one of this.segments) {
      if (within(one.start, one.end)) rows[this.row.get(one.label)].append(this.#segment(one));
    }
    for (const [label, start, end] of this.video.truth ?? []) {
      if (within(start, end)) rows[this.row.get(label)].append(this.#box("truth-segment", start, end, this.names[label]));
    }
    const marks = (this.video.marks ?? []).map(([start, end]) => this.#box("mark", start, end, "to be labelled"));
    this.lanesElement.replaceChildren(...marks, ...rows);
    this.#drawHeat(lanes);
    this.setTime(this.time);
  }

  #segment(one) {
    const text = one.score === null ? this.names[one.label] : `${this.names[one.label]} ${one.score.toFixed(2)}`;
    const element = this.#box(`segment ${one.state}${one === this.selected ? " selected" : ""}`, one.start, one.end, text);
    element.textContent = text;
    element.segment = one;
    return element;
  }

  #box(kind, start, end, text) {
    const element = document.createElement("div");
    const left = Math.max(this.#x(start), -20), right = Math.min(this.#x(end), this.field.clientWidth + 20);
    element.className = kind;
    element.style.left = `${left}px`;
    element.style.width = `${Math.max(2, right - left)}px`;
    element.title = `${text}, ${clockText(start)} to ${clockText(end)}`;
    return element;
  }

  #drawRuler() {
    const perPixel = (this.to - this.from) / this.field.clientWidth;
    const step = STEPS.find((seconds) => seconds / perPixel > 80) ?? STEPS.at(-1) * Math.ceil((80 * perPixel) / STEPS.at(-1));
    const marks = [];
    for (let k = Math.ceil(this.from / step); k * step <= this.to; k++) {
      const mark = document.createElement("span");
      mark.style.left = `${this.#x(k * step)}px`;
      mark.textContent = clockText(k * step, step < 1 ? 2 : 0);
      marks.push(mark);
    }
    this.ruler.replaceChildren(...marks);
  }

  #drawThumbs() {
    const sheet = this.video.thumbs;
    this.thumbs.style.height = sheet ? `${sheet.height}px` : "0";
    this.field.style.setProperty("--thumbs", this.thumbs.style.height);
    if (!sheet) return void this.thumbs.replaceChildren();
    const shown = Math.ceil(this.field.clientWidth / sheet.width);
    const pictures = [];
    for (let k = 0; k < shown; k++) {
      const middle = this.from + ((k + 0.5) * sheet.width * (this.to - this.from)) / this.field.clientWidth;
      const nearest = Math.min(sheet.count - 1, Math.max(0, Math.floor((middle / this.video.length) * sheet.count)));
      const picture = document.createElement("i");
      Object.assign(picture.style, {
        left: `${k * sheet.width}px`, width: `${sheet.width}px`, height: `${sheet.height}px`,
        backgroundImage: `url(${sheet.data})`, backgroundPositionX: `${-nearest * sheet.width}px`,
      });
      pictures.push(picture);
    }
    this.thumbs.replaceChildren(...pictures);
  }

  // Scores of every class with a lane, a column a pixel: the largest of the cells under it.
  #drawHeat(lanes) {
    const width = this.field.clientWidth, canvas = this.heat;
    canvas.width = width;
    canvas.height = lanes.length * LANE;
    canvas.style.top = `${this.top}px`;
    if (!this.strips) return;
    const { columns, length } = this.video.strips;
    const context = canvas.getContext("2d");
    const light = getComputedStyle(document.documentElement).getPropertyValue("--lightness");
    for (const label of lanes) {
      if (label >= this.video.strips.classes) continue;
      const y = this.row.get(label) * LANE + STRIP.top;
      context.fillStyle = `hsl(${hue(label)} 80% ${light})`;
      for (let x = 0; x < width; x++) {
        const cell = (pixel) => ((this.from + (pixel / width) * (this.to - this.from)) / length) * columns;
        const first = Math.floor(cell(x)), last = Math.max(first + 1, Math.ceil(cell(x + 1)));
        let most = 0;
        for (let c = Math.max(0, first); c < Math.min(columns, last); c++) {
          most = Math.max(most, this.strips[label * columns + c]);
        }
        if (most > 4) {
          context.globalAlpha = most / 255;
          context.fillRect(x, y, 1, STRIP.height);
        }
      }
    }
  }

  #x(seconds) {
    return ((seconds - this.from) / (this.to - this.from)) * this.field.clientWidth;
  }

  #seconds(event) {
    const box = this.field.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(this.video.length, Math.max(0, this.from + share * (this.to - this.from)));
  }

  #move(from, width) {
    this.from = Math.min(Math.max(0, from), Math.max(0, this.video.length - width));
    this.to = this.from + width;
    this.draw();
  }

  #wheel(event) {
    event.preventDefault();
    const width = this.to - this.from;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.#move(this.from + ((event.deltaX || event.deltaY) / this.field.clientWidth) * width, width);
    } else {
      this.zoom(Math.exp(event.deltaY * 0.0015), this.#seconds(event));
    }
  }

  // A press on a segment's edge drags the edge, on its middle the segment, elsewhere the view; without a move it is a click.
  #press(event) {
    if (event.button !== 0) return;
    const element = event.target.closest(".segment");
    const begin = this.#seconds(event), x = event.clientX, { from, to } = this;
    const segment = element?.segment;
    let part = null, moved = false, values = null;
    if (segment) {
      const box = element.getBoundingClientRect();
      part = x - box.left <= EDGE ? "start" : box.right - x <= EDGE ? "end" : "middle";
    }
    const move = (now) => {
      moved ||= Math.abs(now.clientX - x) > 2;
      if (!moved) return;
      const by = ((now.clientX - x) / this.field.clientWidth) * (to - from);
      if (!segment) return void this.#move(from - by, to - from);
      values = this.#dragged(segment, part, by);
      element.style.left = `${this.#x(values.start)}px`;
      element.style.width = `${Math.max(2, this.#x(values.end) - this.#x(values.start))}px`;
      this.on.seek(part === "end" ? values.end : values.start);
    };
    const end = () => {
      this.field.removeEventListener("pointermove", move);
      if (segment && values) this.on.change(segment, values);
      else if (segment && !moved) this.on.select(segment);
      if (!moved) this.on.seek(begin);
    };
    this.field.setPointerCapture(event.pointerId);
    this.field.addEventListener("pointermove", move);
    this.field.addEventListener("pointerup", end, { once: true });
  }

  #dragged({ start, end }, part, by) {
    const round = (seconds) => Math.round(seconds * 1000) / 1000;
    if (part === "start") return { start: round(Math.max(0, Math.min(start + by, end - SHORTEST))), end };
    if (part === "end") return { start, end: round(Math.min(this.video.length, Math.max(end + by, start + SHORTEST))) };
    const shift = Math.max(-start, Math.min(by, this.video.length - end));
    return { start: round(start + shift), end: round(end + shift) };
  }

  #double(event) {
    const under = document.elementsFromPoint(event.clientX, event.clientY); // the pointer's own target is the field
    const lane = under.find((element) => element.matches(".lane"));
    if (under.some((element) => element.matches(".segment, #ruler, #thumbs"))) return;
    const label = lane ? Number(lane.dataset.label) : null, start = this.#seconds(event);
    const truth = (this.video.truth ?? []).find(([other, low, high]) => other === label && low <= start && start <= high);
    if (truth && under.some((element) => element.matches(".truth-segment"))) this.on.add(...truth);
    else this.on.add(label, start, Math.min(this.video.length, start + NEW_LENGTH * (this.to - this.from)));
  }
}
