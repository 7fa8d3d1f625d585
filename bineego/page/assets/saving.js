// The labels as files: a table as bineego reads it, and a VIA 3 project. A video without segments is all background.

function csvField(text) {
  return /^[^\s",]+( [^\s",]+)*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}

function toCsv(labels) {
  const rows = ["video_id,label,start,end"];
  for (const [video, segments] of labels.decided()) {
    if (!segments.length) rows.push(`${csvField(video)},,,`);
    for (const one of segments) rows.push([csvField(video), csvField(labels.names[one.label]), one.start, one.end].join(","));
  }
  return rows.join("\n") + "\n";
}

function toVia(labels, fileNames) {
  const decided = [...labels.decided()];
  const options = Object.fromEntries(labels.names.map((name, i) => [String(i), name]));
  const project = {
    project: { pid: "__VIA_PROJECT_ID__", rev: "__VIA_PROJECT_REV_ID__", pname: document.title, data_format_version: "3.1.1",
      creator: "bineego", vid_list: decided.map((_, i) => String(i + 1)) },
    config: { file: { loc_prefix: { 1: "", 2: "", 3: "", 4: "" } }, ui: {} },
    attribute: { 1: { aname: "action", anchor_id: "FILE1_Z2_XY0", type: 4, desc: "", options, default_option_id: "" } },
    file: {}, view: {}, metadata: {},
  };
  decided.forEach(([video, segments], i) => {
    const fid = String(i + 1);
    project.file[fid] = { fid, fname: fileNames.get(video) ?? `${video}.mp4`, type: 4, loc: 1, src: fileNames.get(video) ?? "" };
    project.view[fid] = { fid_list: [fid] };
    segments.forEach((one, k) => {
      project.metadata[`${fid}_${k}`] = { vid: fid, flg: 0, z: [one.start, one.end], xy: [], av: { 1: String(one.label) } };
    });
  });
  return JSON.stringify(project, null, 1);
}

function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
