// Puts the parts together: list of videos, player, timeline, inspector, keys, saving.

"use strict";

const FRAME = 1 / 25; // seconds that an arrow key moves
const WHY = "Videos stay on this computer and are matched by file name.";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const labels = new Labels(data.videos, data.names, data.least);
const files = new Map(); // files that were chosen, by video
const fileNames = new Map(data.videos.filter((video) => video.file).map((video) => [video.id, video.file]));
const player = $("player");
let current = null; // the video in view
let latest = 0; // the class chosen last

const timeline = new Timeline(
  { field: $("field"), namesElement: $("names"), lanesElement: $("lanes"), ruler: $("ruler"), thumbs: $("thumbs"),
    heat: $("heat"), cursor: $("cursor") },
  {
    seek,
    select,
    change: (segment, values) => select(labels.change(current.id, segment, values)),
    add,
  });

// A segment of a class, or, where there is no lane, of the class chosen last, whose name can be typed at once.
function add(label, start, end) {
  const known = label !== null && label < labels.names.length;
  const chosen = known ? label : labels.label(labels.names[latest] ?? "action");
  select(labels.add(current.id, { label: chosen, start: round(start), end: round(end), score: null }));
  if (!known) $("label").select();
}

function round(seconds) {
  return Math.round(seconds * 1000) / 1000;
}

function open(video) {
  current = video;
  timeline.selected = null;
  const url = files.has(video.id) ? URL.createObjectURL(files.get(video.id)) : video.src;
  player.hidden = !url;
  $("no-video").hidden = Boolean(url);
  $("why").textContent = WHY;
  if (url) player.src = url;
  else player.removeAttribute("src");
  $("name").textContent = video.id;
  refresh();
  timeline.fit();
  if (video.marks) timeline.look(...video.marks[0]);
  document.querySelector("#list [aria-current]")?.scrollIntoView({ block: "nearest" });
}

function seek(seconds) {
  timeline.setTime(seconds);
  if (!player.hidden && player.readyState > 0) player.currentTime = seconds;
  showClock();
}

function showClock() {
  $("clock").textContent = `${clockText(timeline.time ?? 0)} / ${clockText(current.length)}`;
}

function select(segment) {
  timeline.selected = segment;
  if (segment) latest = segment.label;
  refresh();
}

function refresh() {
  timeline.show(current, labels.of(current.id), labels.names);
  const one = timeline.selected;
  $("chosen").hidden = !one;
  $("nothing").hidden = Boolean(one);
  if (one) {
    $("label").value = labels.names[one.label];
    $("start").value = round(one.start);
    $("end").value = round(one.end);
    $("score").textContent = one.score === null ? "" : `score ${one.score.toFixed(3)}`;
    $("state").textContent = one.state === "edited" ? "changed" : one.state;
    $("accept").disabled = one.state !== "predicted";
  }
  $("labels").replaceChildren(...labels.names.map((name) => make("option", null, { value: name })));
  $("undo").disabled = !labels.past.length;
  $("redo").disabled = !labels.future.length;
  showPending();
  showList();
  showClock();
}

function showPending() {
  let n = 0, open = 0;
  for (const [video, segments] of labels.decided()) {
    n += segments.length;
    open += labels.open(video);
  }
  const videos = labels.touched.size;
  const many = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  $("pending").textContent = videos
    ? `${many(n, "label")} in ${many(videos, "video")}${open ? `, ${open} of them not looked at` : ""}`
    : "no changes yet";
  $("save-csv").disabled = $("save-via").disabled = !videos;
}

function showList() {
  const wanted = $("search").value.toLowerCase();
  const shown = data.videos.filter((video) => video.id.toLowerCase().includes(wanted));
  $("list").replaceChildren(...shown.map((video) => {
    const item = make("li"), button = make("button", null, { title: video.id });
    const decided = labels.touched.has(video.id) ? (labels.open(video.id) ? "◐ " : "● ") : "";
    button.append(make("span", video.id), make("small", `${decided}${labels.of(video.id).length}`));
    if (video === current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => open(video));
    item.append(button);
    return item;
  }));
}

function near(step) {
  const sorted = [...labels.of(current.id)].sort((a, b) => a.start - b.start || a.label - b.label);
  const at = timeline.selected ? sorted.indexOf(timeline.selected) + step : step > 0
    ? sorted.findIndex((one) => one.start >= timeline.time) : sorted.findLastIndex((one) => one.start <= timeline.time);
  const one = sorted[at];
  if (!one) return;
  select(one);
  timeline.reveal(one.start);
  seek(one.start);
}

// To the next stretch that is to be looked at.
function mark() {
  const marks = [...(current.marks ?? [])].sort((a, b) => a[0] - b[0]);
  const next = marks.find(([start]) => start > timeline.time + 0.01) ?? marks[0];
  if (!next) return;
  timeline.look(...next);
  seek(next[0]);
}

function change(values) {
  if (timeline.selected && (values.end ?? timeline.selected.end) > (values.start ?? timeline.selected.start)) {
    select(labels.change(current.id, timeline.selected, values));
  } else {
    refresh();
  }
}

function remove() {
  if (!timeline.selected) return;
  labels.remove(current.id, timeline.selected);
  select(null);
}

function accept() {
  if (!timeline.selected) return;
  timeline.selected = labels.accept(current.id, [timeline.selected]) ?? timeline.selected;
  refresh();
}

function travel(step) {
  const at = data.videos.indexOf(current) + step;
  if (data.videos[at]) open(data.videos[at]);
}

function revise(how) {
  labels[how]();
  if (!labels.of(current.id).includes(timeline.selected)) timeline.selected = null;
  refresh();
}

const KEYS = {
  " ": () => (player.hidden ? null : player.paused ? player.play() : player.pause()),
  ArrowLeft: (event) => seek(Math.max(0, timeline.time - (event.shiftKey ? 1 : FRAME))),
  ArrowRight: (event) => seek(Math.min(current.length, timeline.time + (event.shiftKey ? 1 : FRAME))),
  j: () => near(-1),
  k: () => near(1),
  "[": () => change({ start: round(timeline.time) }),
  "]": () => change({ end: round(timeline.time) }),
  m: () => mark(),
  a: () => { accept(); near(1); },
  n: () => add(latest, timeline.time, Math.min(current.length, timeline.time + NEW_LENGTH * (timeline.to - timeline.from))),
  Delete: remove,
  Backspace: remove,
  z: (event) => revise(event.shiftKey ? "redo" : "undo"),
  y: () => revise("redo"),
  "+": () => timeline.zoom(0.6),
  "=": () => timeline.zoom(0.6),
  "-": () => timeline.zoom(1 / 0.6),
  0: () => timeline.fit(),
  PageUp: () => travel(-1),
  PageDown: () => travel(1),
  "?": () => $("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea, video") || $("keys").open || event.altKey || $("videos").hidden) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const digit = Number(key) - 1;
  const action = KEYS[key] ?? (digit >= 0 && digit < labels.names.length ? () => change({ label: digit }) : null);
  if (!action || ((event.ctrlKey || event.metaKey) && key !== "z" && key !== "y")) return;
  event.preventDefault();
  action(event);
});

function show(tab) {
  for (const name of ["videos", "summary"]) {
    $(name).hidden = name !== tab;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === tab));
  }
  if (tab === "summary") drawSummary($("summary"), data);
  else timeline.draw();
}

function follow() {
  if (player.paused) return;
  timeline.setTime(player.currentTime, true);
  showClock();
  requestAnimationFrame(follow);
}

$("tab-videos").addEventListener("click", () => show("videos"));
$("tab-summary").addEventListener("click", () => show("summary"));
$("undo").addEventListener("click", () => revise("undo"));
$("redo").addEventListener("click", () => revise("redo"));
$("accept").addEventListener("click", accept);
$("delete").addEventListener("click", remove);
$("accept-all").addEventListener("click", () => {
  labels.accept(current.id, labels.of(current.id));
  select(null);
});
$("save-csv").addEventListener("click", () => download("labels.csv", "text/csv", toCsv(labels)));
$("save-via").addEventListener("click", () => download("labels.via3.json", "application/json", toVia(labels, fileNames)));
$("help").addEventListener("click", () => $("keys").showModal());
$("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
$("search").addEventListener("input", showList);
$("every").addEventListener("change", () => {
  timeline.every = $("every").checked;
  timeline.draw();
});
$("least").value = labels.least;
$("least").addEventListener("change", () => {
  labels.least = Number($("least").value);
  select(null);
});
$("in").addEventListener("click", () => timeline.zoom(0.6));
$("out").addEventListener("click", () => timeline.zoom(1 / 0.6));
$("fit").addEventListener("click", () => timeline.fit());
$("label").addEventListener("change", () => {
  const name = $("label").value.trim();
  if (name) change({ label: labels.label(name) });
});
for (const side of ["start", "end"]) {
  $(side).addEventListener("change", () => $(side).value !== "" && change({ [side]: Number($(side).value) }));
}
$("inspector").addEventListener("submit", (event) => event.preventDefault());
$("files").addEventListener("change", () => {
  const known = new Map(data.videos.map((video) => [video.id, video]));
  const strange = [];
  for (const file of $("files").files) {
    const stem = file.name.replace(/\.[^.]*$/, "");
    const named = data.videos.find((video) => video.file === file.name);
    if (named || known.has(stem)) files.set(named?.id ?? stem, file);
    else if (data.videos.length === 1) files.set(data.videos[0].id, file);
    else strange.push(file.name);
  }
  open(current);
  if (strange.length) $("why").textContent = `No video on this page is called ${strange[0]}. ${WHY}`;
});
player.addEventListener("play", () => requestAnimationFrame(follow));
player.addEventListener("seeked", () => {
  timeline.setTime(player.currentTime, true);
  showClock();
});
player.addEventListener("loadedmetadata", () => {
  if (Number.isFinite(player.duration) && player.duration > current.length && !current.strips) {
    current.length = player.duration; // known only now, of a file that was chosen
    timeline.fit();
  }
  seek(timeline.time);
});
player.addEventListener("error", () => {
  if (!player.getAttribute("src")) return;
  player.hidden = true; // the file is not beside the page, or the browser cannot play it
  $("no-video").hidden = false;
  const chosen = files.get(current.id);
  if (chosen) $("why").textContent = `This browser cannot play ${chosen.name}; it can play MP4 with H.264. Labels can still be corrected.`;
});
addEventListener("beforeunload", (event) => {
  if (labels.past.length) event.preventDefault();
});

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  timeline.draw();
}

setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
if (data.videos.length) open(data.videos[0]);
else show("summary");
document.documentElement.dataset.ready = String(Math.round(performance.now()));
