// ---- The graph: nodes in groups that open and close, in layers from the inputs down. Parameters are not drawn; the boxes that
// read them name them.
const Graph = (() => {
  // Vertices: the model's inputs, then its nodes, in the order of computation.
  const vertices = [
    ...R.inputs.map(i => ({ label: tensor(i).name, sub: "input " + shape(tensor(i).shape), tensor: tensor(i), ends: true, reads: [], path: [] })),
    ...nodes.map(n => ({ label: n.name || n.tensor.name, sub: `${n.op} ${shape(n.tensor.shape)}`, tensor: n.tensor, node: n, ends: n.tensor.is_output, reads: [], path: pathOf(n.name) }))];
  const maker = new Map();
  R.inputs.forEach((t, v) => maker.set(t, v));
  nodes.forEach((n, i) => {
    const v = R.inputs.length + i;
    vertices[v].reads = [...new Set(n.inputs.filter(t => maker.has(t)).map(t => maker.get(t)))];
    maker.set(n.output, v);
  });
  vertices.forEach((v, i) => { v.index = i; v.readBy = []; });
  vertices.forEach(v => v.reads.forEach(r => vertices[r].readBy.push(v.index)));

  // "/layer1/block0/conv/Conv#step" lies in layer1, block0, conv; and with its other steps in Conv.
  function pathOf(name) {
    const parts = name.split("/").filter(part => part !== "");
    const last = parts.pop() || "";
    return [...parts, last.split("#")[0]];
  }

  // ---- Groups.
  const newGroup = (label, parent) => ({ label, parent, items: [], open: false, count: 0, first: Infinity });
  const root = newGroup("all", null);
  root.open = true;
  const inner = new Map();
  for (const v of vertices) {
    let group = root, key = "";
    for (const part of v.path) {
      key += "/" + part;
      if (!inner.has(key)) { inner.set(key, newGroup(part, group)); group.items.push(inner.get(key)); }
      group = inner.get(key);
    }
    group.items.push(v);
  }
  const isGroup = item => item.items !== undefined;
  // Groups of one are what is in them; long lists are cut in pieces of consecutive items.
  function tidy(group) {
    group.items = group.items.map(item => {
      while (isGroup(item) && item.items.length === 1) { if (isGroup(item.items[0])) item.items[0].label = item.label + "/" + item.items[0].label; item = item.items[0]; }
      return item;
    });
    group.items.forEach(item => { item.parent = group; if (isGroup(item)) tidy(item); });
    const first = item => isGroup(item) ? item.first : item.index;
    group.items.sort((a, b) => first(a) - first(b));
    const most = 36, piece = 18;
    while (group.items.length > most) {
      const pieces = [];
      for (let i = 0; i < group.items.length; i += piece) {
        const items = group.items.slice(i, i + piece), made = newGroup(`${items[0].label} … ${items[items.length - 1].label}`, group);
        made.items = items;
        made.first = first(items[0]);
        items.forEach(item => item.parent = made);
        pieces.push(made);
      }
      group.items = pieces;
    }
    group.first = Math.min(...group.items.map(first));
  }
  if (vertices.length) tidy(root);
  function count(group) { group.count = group.items.reduce((n, item) => n + (isGroup(item) ? count(item) : 1), 0); return group.count; }
  count(root);
  const allGroups = [];
  (function walk(group) { group.items.filter(isGroup).forEach(g => { allGroups.push(g); walk(g); }); })(root);
  // As much as is easily seen at once.
  function openSome(limit) {
    allGroups.forEach(g => g.open = false);
    let shown = root.items.length;
    for (const group of [...allGroups].sort((a, b) => depth(a) - depth(b) || a.items.length - b.items.length)) {
      if (shown + group.items.length - 1 > limit || !group.parent.open) continue;
      group.open = true;
      shown += group.items.length - 1;
    }
  }
  const depth = group => group.parent ? 1 + depth(group.parent) : 0;
  openSome(90);

  // ---- What is shown, and where.
  const boxWidth = 200, boxHeight = 50, gapX = 26, gapY = 44;
  function shownItem(vertex) {
    let item = vertex;
    for (let group = vertex.parent; group; group = group.parent) if (!group.open) item = group;
    return item;
  }
  function layout() {
    const items = [], place = new Map();
    for (const v of vertices) {
      const item = shownItem(v);
      if (place.has(item)) continue;
      place.set(item, items.length);
      items.push({ item, in: new Set(), out: new Set(), layer: 0, width: boxWidth });
    }
    const back = [];
    for (const v of vertices) for (const r of v.reads) {
      const a = place.get(shownItem(vertices[r])), b = place.get(shownItem(v));
      if (a === b) continue;
      if (a < b) { items[a].out.add(b); items[b].in.add(a); } else back.push([a, b]);  // a group is read before it ends
    }
    items.forEach(it => { for (const a of it.in) it.layer = Math.max(it.layer, items[a].layer + 1); });
    items.forEach(it => { if (it.in.size === 0 && it.out.size) it.layer = Math.max(0, Math.min(...[...it.out].map(b => items[b].layer)) - 1); });
    // Edges over several layers go through points of their own, where there are not too many.
    const points = items.slice(), edges = [];
    let budget = 6000;
    items.forEach((it, a) => it.out.forEach(b => {
      const path = [a], span = items[b].layer - it.layer;
      if (span - 1 <= budget) for (let layer = it.layer + 1; layer < items[b].layer; ++layer) { budget--; path.push(points.length); points.push({ layer, width: 14 }); }
      path.push(b);
      edges.push(path);
    }));
    const layers = [];
    points.forEach((p, i) => { p.up = []; p.down = []; p.id = i; (layers[p.layer] = layers[p.layer] || []).push(p); });
    for (const path of edges) for (let i = 1; i < path.length; ++i) { points[path[i - 1]].down.push(points[path[i]]); points[path[i]].up.push(points[path[i - 1]]); }
    layers.forEach(layer => layer.forEach((p, i) => p.rank = i));
    for (let sweep = 0; sweep < 10; ++sweep) {
      const down = sweep % 2 === 0;
      for (const layer of down ? layers : [...layers].reverse()) {
        layer.forEach(p => { const near = down ? p.up : p.down; p.wish = near.length ? near.reduce((s, q) => s + q.rank, 0) / near.length : p.rank; });
        layer.sort((p, q) => p.wish - q.wish || p.rank - q.rank);
        layer.forEach((p, i) => p.rank = i);
      }
    }
    layers.forEach(layer => { let x = 0; layer.forEach(p => { p.x = x + p.width / 2; x += p.width + gapX; }); layer.forEach(p => p.x -= x / 2); });
    for (let sweep = 0; sweep < 16; ++sweep) {
      const down = sweep % 2 === 0;
      for (const layer of down ? layers : [...layers].reverse()) {
        layer.forEach(p => { const near = down ? p.up : p.down; p.wish = near.length ? near.reduce((s, q) => s + q.x, 0) / near.length : p.x; });
        let right = -Infinity, slip = 0;
        layer.forEach(p => { p.x = Math.max(p.wish, right + p.width / 2); right = p.x + p.width / 2 + gapX; slip += p.x - p.wish; });
        layer.forEach(p => p.x -= slip / layer.length);
      }
    }
    points.forEach(p => p.y = p.layer * (boxHeight + gapY));
    return { items, points, edges, back };
  }

  // ---- What a box says besides its name.
  const members = item => isGroup(item) ? item.items.flatMap(members) : [item];
  const metrics = {
    error: { name: "error", colour: "var(--s6)", of: v => v.node ? errorOf(v.tensor) : null, join: list => maxOf(list), text: x => "error " + percent(x, 3) },
    cost: { name: "proving cost", colour: "var(--s1)", of: v => v.node ? share(v.node.cost.seconds, R.cost.seconds) : null, join: list => list.reduce((a, b) => a + (b || 0), 0), text: x => "cost " + percent(x, 1) },
    bits: { name: "bits", colour: "var(--s4)", of: v => v.tensor.bits, join: list => maxOf(list), text: x => `${x} bits` },
    cut: { name: "values cut off", colour: "var(--bad)", of: v => v.node ? saturation(v.node) : null, join: list => maxOf(list), text: x => "cut off " + percent(x, 3) } };
  const known = Object.keys(metrics).filter(m => vertices.some(v => metrics[m].of(v) !== null));
  let metric = known[0];
  const valueOf = item => { const list = members(item).map(metrics[metric].of).filter(x => x !== null); return list.length ? metrics[metric].join(list) : null; };

  // ---- Drawing.
  let picture, scene, side, status, view, whole, drawn, chosen = null, found = [], foundAt = -1;
  // Of a path the end says more.
  const cut = (text, most) => {
    const letters = [...text];
    if (letters.length <= most) return text;
    return text.includes("/") ? "…" + letters.slice(1 - most).join("") : letters.slice(0, most - 1).join("") + "…";
  };
  function draw() {
    drawn = layout();
    scene.replaceChildren();
    const line = path => path.map((p, i) => {
      const q = drawn.points[p], isBox = p < drawn.items.length;
      if (i === 0) return `M${q.x.toFixed(1)} ${(q.y + boxHeight).toFixed(1)}`;
      const before = drawn.points[path[i - 1]], fromY = before.y + (path[i - 1] < drawn.items.length ? boxHeight : boxHeight / 2), toY = q.y + (isBox ? 0 : boxHeight / 2), middle = (fromY + toY) / 2;
      return `C${before.x.toFixed(1)} ${middle.toFixed(1)} ${q.x.toFixed(1)} ${middle.toFixed(1)} ${q.x.toFixed(1)} ${toY.toFixed(1)}`;
    }).join("");
    drawn.lines = drawn.edges.map(path => { const node = svg("path", { class: "edge", d: line(path) }); scene.append(node); return { ends: [drawn.items[path[0]].item, drawn.items[path[path.length - 1]].item], node }; });
    for (const [a, b] of drawn.back) {
      const p = drawn.points[a], q = drawn.points[b];
      const node = svg("path", { class: "edge", "stroke-dasharray": "4 3", d: `M${p.x + boxWidth / 2} ${p.y + boxHeight / 2}C${p.x + boxWidth} ${p.y} ${q.x + boxWidth} ${q.y} ${q.x + boxWidth / 2} ${q.y + boxHeight / 2}` });
      scene.append(node);
      drawn.lines.push({ ends: [drawn.items[a].item, drawn.items[b].item], node });
    }
    const values = drawn.items.map(it => valueOf(it.item)), most = maxOf(values);
    drawn.items.forEach((it, i) => {
      const { item } = it, group = isGroup(item), x = it.x - boxWidth / 2, value = values[i];
      const length = value === null || most <= 0 ? 0 : metric === "error" ? Math.max(0, 1 - Math.log10(most / Math.max(value, 1e-12)) / 4) : value / most;
      it.box = svg("g", { class: "node" + (group ? " group" : item.ends ? " ends" : ""), transform: `translate(${x.toFixed(1)} ${it.y})` },
        svg("title", {}, (group ? `${item.label}: ${item.count} operations, click to open` : `${item.label}: ${item.sub}`) + (value !== null ? `, ${metrics[metric].text(value)}` : "")),
        svg("rect", { class: "box", width: boxWidth, height: boxHeight, rx: 8 }),
        svg("rect", { x: 10, y: boxHeight - 9, width: boxWidth - 20, height: 4, rx: 2, fill: "var(--track)" }),
        length > 0 ? svg("rect", { x: 10, y: boxHeight - 9, width: Math.max(2, length * (boxWidth - 20)).toFixed(1), height: 4, rx: 2, fill: metrics[metric].colour }) : "",
        svg("text", { x: 10, y: 18 }, (group ? "▸ " : "") + cut(item.label, group ? 24 : 26)),
        svg("text", { class: "sub", x: 10, y: 34 }, cut(group ? `${item.count} operations` : item.sub, 34)));
      it.box.dataset.item = i;
      scene.append(it.box);
    });
    const xs = drawn.items.map(it => it.x), ys = drawn.items.map(it => it.y), pad = 24;
    const left = Math.min(...xs) - boxWidth / 2 - pad, top = Math.min(...ys) - pad;
    whole = { x: left, y: top, w: Math.max(...xs) + boxWidth / 2 + pad - left, h: Math.max(...ys) + boxHeight + pad - top };
    mark();
    status.textContent = `${drawn.items.length} boxes for ${vertices.length} operations and inputs`;
  }
  function mark() {
    const hits = new Set(found.map(shownItem));
    drawn.items.forEach(it => { it.box.classList.toggle("found", hits.has(it.item)); it.box.classList.toggle("chosen", it.item === chosen); });
    drawn.lines.forEach(l => l.node.classList.toggle("chosen", chosen !== null && l.ends.includes(chosen)));
  }
  const show = () => picture.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  const ratio = () => picture.clientHeight > 0 ? picture.clientWidth / picture.clientHeight : 1.4;
  function fit(all) {
    const r = ratio();
    let w = Math.max(whole.w, all ? whole.h * r : 0, 500);
    if (!all) w = Math.min(Math.max(w, 700), 1500);
    const h = w / r;
    view = { x: whole.x + whole.w / 2 - w / 2, y: all ? whole.y + whole.h / 2 - h / 2 : whole.h < h ? whole.y + whole.h / 2 - h / 2 : whole.y, w, h };
    show();
  }
  function zoom(factor, at) {
    const w = Math.min(Math.max(view.w * factor, 200), 4 * Math.max(whole.w, whole.h * ratio(), 600)), f = w / view.w;
    at = at || { x: view.x + view.w / 2, y: view.y + view.h / 2 };
    view = { x: at.x - (at.x - view.x) * f, y: at.y - (at.y - view.y) * f, w, h: view.h * f };
    show();
  }
  function center(item) {
    const it = drawn.items.find(i => i.item === item);
    if (!it) return;
    const w = Math.min(view.w, 1400), h = w / ratio();
    view = { x: it.x - w / 2, y: it.y + boxHeight / 2 - h / 2, w, h };
    show();
  }
  const pointAt = e => { const r = picture.getBoundingClientRect(); return { x: view.x + (e.clientX - r.left) / r.width * view.w, y: view.y + (e.clientY - r.top) / r.height * view.h }; };

  // ---- The panel beside it.
  const rowsOf = pairs => el("table", {}, el("tbody", {}, pairs.filter(p => p[1] !== null).map(([name, value]) => el("tr", {}, el("td", { class: "soft" }, name), el("td", {}, value)))));
  const link = v => el("button", { onclick: () => goTo(vertices[v]) }, cut(vertices[v].label, 26));
  function choose(item) {
    chosen = item;
    mark();
    const parents = [];
    if (item) for (let g = item.parent; g && g !== root; g = g.parent) parents.unshift(g);
    const closing = parents.length ? el("p", { class: "small" }, el("span", { class: "soft" }, "part of "), parents.map(g => el("button", { onclick: () => { g.open = false; draw(); choose(g); center(g); } }, "close " + cut(g.label, 26)))) : "";
    if (!item) {
      side.replaceChildren(el("p", { class: "soft" }, "Click a box for its numbers; dashed boxes are groups and open. Drag moves; Ctrl and the wheel, or + and −, zoom; 0 shows everything."),
        el("p", { class: "soft" }, "Thin bars show what “bars show” says, relative to the largest; of errors every quarter less is a tenth."));
      return;
    }
    const t = item.tensor, n = item.node;
    side.replaceChildren(el("h3", {}, item.label), el("p", { class: "soft" }, item.sub), closing,
      rowsOf([["value", t.name], ["real range", `${real(t, t.range[0])} .. ${real(t, t.range[1])}`], ["seen", t.seen ? `${real(t, t.seen[0])} .. ${real(t, t.seen[1])}` : null],
        ["integers", `${short(t.range[0])} .. ${short(t.range[1])}`], ["bits", String(t.bits)], ["one step", short(t.scale)],
        ["error", errorOf(t) === null ? null : percent(errorOf(t), 4) + " of the largest"], ["cut off", n && saturation(n) !== null ? `${grouped(n.num_saturated)} of ${grouped(n.num_values)}` : null],
        ["rounding", n ? (n.table ? `drops ${n.shift} bits, ${n.table} of ${grouped(n.table_rows)} rows` : "exact, no table") : null],
        ["cost", n ? `${percent(share(n.cost.seconds, R.cost.seconds), 1)}: ${causes.map(([key, name]) => n.cost[key] > 0 ? `${grouped(n.cost[key])} ${name}` : "").filter(x => x).join(", ")}` : null],
        ["parameters", n ? n.inputs.map(tensor).filter(p => p.kind === "parameter").map(p => `${p.name} (${shape(p.shape)}, ${p.bits} bits)`).join("; ") || null : null]]),
      item.reads.length ? el("p", { class: "small" }, el("span", { class: "soft" }, "reads "), item.reads.slice(0, 12).map(link)) : "",
      item.readBy.length ? el("p", { class: "small" }, el("span", { class: "soft" }, "read by "), item.readBy.slice(0, 12).map(link)) : "");
  }
  function reveal(v) { let changed = false; for (let g = v.parent; g; g = g.parent) if (!g.open) g.open = changed = true; if (changed) draw(); }
  function goTo(v) { reveal(v); choose(v); center(v); }
  function clicked(item) {
    if (!isGroup(item)) return choose(item);
    item.open = true;
    draw();
    const first = shownItem(members(item)[0]);
    choose(null);
    center(first);
  }

  function section_() {
    if (vertices.length === 0) return;
    picture = svg("svg", { role: "img", tabindex: 0, "aria-label": "The graph of the model; the table of layers has the same in text" });
    scene = svg("g");
    picture.append(scene);
    side = el("div", { class: "side", "aria-live": "polite" });
    status = el("span", { class: "soft small" });
    const search = el("input", { type: "search", placeholder: "find an operation", "aria-label": "find an operation by name or operator" });
    const seek = step => {
      const text = search.value.toLowerCase();
      const hits = text ? vertices.filter(v => `${v.label} ${v.sub} ${v.tensor.name}`.toLowerCase().includes(text)) : [];
      foundAt = hits.length ? (step && found.length === hits.length ? (foundAt + step + hits.length) % hits.length : 0) : -1;
      found = hits;
      mark();
      status.textContent = text ? `${foundAt + 1} of ${hits.length} found; Enter for the next` : "";
      if (step && hits.length) goTo(hits[foundAt]);
    };
    search.addEventListener("input", () => seek(0));
    search.addEventListener("keydown", e => { if (e.key === "Enter") { e.preventDefault(); seek(e.shiftKey ? -1 : 1); } });
    const bars = el("select", { "aria-label": "bars show", onchange: () => { metric = bars.value; draw(); } }, known.map(m => el("option", { value: m }, metrics[m].name)));
    const button = (text, label, action) => el("button", { "aria-label": label, title: label, onclick: action }, text);
    section("The model", el("div", { class: "tools" }, search, el("label", { class: "small" }, "bars show ", bars),
      allGroups.length ? [button("open all", "open all groups", () => { allGroups.forEach(g => g.open = true); draw(); fit(false); }), button("close all", "close all groups", () => { allGroups.forEach(g => g.open = false); draw(); fit(false); })] : "",
      el("span", { class: "right" }), status, button("+", "zoom in", () => zoom(.75)), button("−", "zoom out", () => zoom(1.33)), button("fit", "show everything", () => fit(true))),
      el("div", { class: "graph" }, picture, side)).classList.add("long");
    let from = null;
    picture.addEventListener("pointerdown", e => { from = { x: e.clientX, y: e.clientY, view: { ...view }, box: e.target.closest(".node"), moved: false }; picture.setPointerCapture(e.pointerId); });
    picture.addEventListener("pointermove", e => {
      if (!from) return;
      const r = picture.getBoundingClientRect(), dx = e.clientX - from.x, dy = e.clientY - from.y;
      if (!from.moved && Math.abs(dx) + Math.abs(dy) < 5) return;
      from.moved = true;
      picture.classList.add("dragged");
      view = { ...from.view, x: from.view.x - dx / r.width * view.w, y: from.view.y - dy / r.height * view.h };
      show();
    });
    const end = e => {
      if (from && !from.moved && e.type === "pointerup") from.box ? clicked(drawn.items[Number(from.box.dataset.item)].item) : choose(null);
      from = null;
      picture.classList.remove("dragged");
    };
    picture.addEventListener("pointerup", end);
    picture.addEventListener("pointercancel", end);
    picture.addEventListener("wheel", e => { if (!e.ctrlKey && !e.metaKey) return; e.preventDefault(); zoom(Math.exp(Math.max(-60, Math.min(60, e.deltaY)) / 120), pointAt(e)); }, { passive: false });
    picture.addEventListener("keydown", e => {
      const step = { ArrowLeft: [-.1, 0], ArrowRight: [.1, 0], ArrowUp: [0, -.1], ArrowDown: [0, .1] }[e.key];
      if (step) { view.x += step[0] * view.w; view.y += step[1] * view.h; show(); }
      else if (e.key === "+" || e.key === "=") zoom(.75);
      else if (e.key === "-") zoom(1.33);
      else if (e.key === "0") fit(true);
      else return;
      e.preventDefault();
    });
    addEventListener("beforeprint", () => fit(true));
    draw();
    fit(drawn.items.length <= 14);
    choose(null);
  }
  return { section: section_, layout, openSome, vertices, allGroups, shownItem };
})();
const graphSection = Graph.section;
