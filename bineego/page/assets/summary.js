// The summary: counts, and, where there is truth, the score, its curves and its errors.

function make(tag, text = null, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function table(head, rows, kind = "") {
  const element = make("table", null, { class: kind });
  const cells = (tag, values) => {
    const row = make("tr");
    row.append(...values.map((value) => {
      if (!(value instanceof Element)) return make(tag, value ?? "");
      if (value.matches("td, th")) return value;
      const cell = make(tag);
      cell.append(value);
      return cell;
    }));
    return row;
  };
  element.append(cells("th", head), ...rows.map((row) => cells("td", row)));
  return element;
}

const number = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));

function bar(share) {
  const element = make("span", null, { class: "bar" });
  element.style.width = `${Math.round(140 * Math.max(0, share ?? 0))}px`;
  return element;
}

function figure(name, value) {
  const element = make("span", name, { class: "figure" });
  element.prepend(make("b", value));
  return element;
}

function curve(points, caption, colour) {
  const [width, height] = [190, 150];
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("width", width);
  drawing.setAttribute("height", height);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `precision and recall of ${caption}`);
  points.forEach((line, i) => {
    const path = document.createElementNS(space, "path");
    const steps = line.map(([recall, precision], k) =>
      `${k ? "L" : "M"}${(8 + recall * (width - 16)).toFixed(1)} ${(height - 8 - precision * (height - 16)).toFixed(1)}`);
    path.setAttribute("d", steps.join(""));
    path.setAttribute("stroke", colour);
    path.setAttribute("opacity", 1 - 0.3 * i);
    drawing.append(path);
  });
  const element = make("figure");
  element.append(drawing, make("figcaption", caption, { title: caption }));
  return element;
}

function confusion({ rows, columns, counts }) {
  const cells = counts.map((line, i) => {
    const sum = line.reduce((a, b) => a + b, 0) || 1;
    return [make("th", rows[i], { title: rows[i] }), ...line.map((count, k) => {
      const cell = make("td", count || "", { title: `${rows[i]} → ${columns[k]}: ${count}` });
      if (count) cell.style.background = `color-mix(in srgb, var(--strong) ${Math.round((70 * count) / sum)}%, transparent)`;
      return cell;
    })];
  });
  const box = make("div", null, { class: columns.length > 12 ? "matrix wide" : "matrix" }); // it scrolls by itself
  box.append(table(["truth \\ found", ...columns.map((name) => make("th", name, { title: name }))], cells));
  return box;
}

function drawSummary(root, { videos, names, score, least }) {
  const sure = (video) => video.segments.filter((one) => one[3] === null || one[3] >= least); // the others are candidates
  const n = videos.reduce((sum, video) => sum + sure(video).length, 0);
  const hours = videos.reduce((sum, video) => sum + video.length, 0) / 3600;
  const empty = videos.filter((video) => !sure(video).length).length;
  root.replaceChildren(
    figure("videos", String(videos.length)), figure("hours", hours.toFixed(hours < 10 ? 2 : 1)), figure("actions found", String(n)),
    figure("videos without actions", String(empty)));
  if (!score) {
    const counts = names.map((name, label) => {
      const mine = videos.flatMap((video) => sure(video).filter((one) => one[0] === label));
      return [name, mine.length, mine.reduce((sum, one) => sum + one[2] - one[1], 0).toFixed(1)];
    });
    root.append(make("h2", "Actions"), table(["action", "found", "seconds"], counts),
      make("p", "With --truth LABELS this page also shows the scores of these predictions.", { class: "note" }));
    return;
  }
  root.append(figure(`mean mAP (tIoU ${score.tiou.join(", ")})`, number(score.final)));
  const classes = score.classes.map((one) => [one.name, bar(one.ap), number(one.ap), ...one.at.map((ap) => number(ap)), one.truth, one.found]);
  root.append(make("h2", "Average precision"),
    table(["action", "", "mean", ...score.tiou.map((t) => `@${t}`), "true", "predictions"],
      [...classes, ["all", bar(score.final), number(score.final), ...score.mAP.map((value) => number(value)), "", ""]]));
  const curves = make("div", null, { class: "curves" });
  curves.append(...score.classes.filter((one) => one.curves.some((line) => line.length))
    .map((one) => curve(one.curves, one.name, `hsl(${hue(one.label)} 65% 50%)`)));
  root.append(make("h2", "Precision (up) and recall (right)"), curves,
    make("p", `One line per tIoU: ${score.tiou.join(", ")}, from strong to faint.`, { class: "note" }));
  root.append(make("h2", `Confusion matrix (tIoU ${score.confusion.tiou})`), confusion(score.confusion));
  root.append(make("h2", "Errors"), table(
    ["kind", "false", "missed", "possible mAP gain"],
    score.errors.map((one) => [one.kind, one.wrong, one.missed, number(one.gain)])),
    make("p", `At tIoU ${score.confusion.tiou}; gains do not add up.`, { class: "note" }));
}
