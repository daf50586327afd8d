// SPDX-License-Identifier: Apache-2.0
// Runs the script of a page of `zkinfer report` on a stand-in for a browser's document: it must end, put every name on the page as
// text, and lay out graphs of any size without one box upon another. node page_test.js PAGE
"use strict";
const fs = require("fs"), vm = require("vm"), assert = require("assert");

class Node {
  constructor(tag) { this.tag = tag; this.attributes = {}; this.children = []; this.dataset = {}; this.classes = new Set(); this.listeners = {}; this.own = ""; }
  append(...nodes) { for (const n of nodes) { assert(n instanceof Node || typeof n === "string", "only elements and text"); this.children.push(n); } }
  replaceChildren(...nodes) { this.children = []; this.append(...nodes); }
  setAttribute(name, value) { assert(!name.startsWith("on")); this.attributes[name] = String(value); }
  removeAttribute(name) { delete this.attributes[name]; }
  addEventListener(name, f) { this.listeners[name] = f; }
  get classList() { const c = this.classes; return { add: x => c.add(x), remove: x => c.delete(x), toggle: (x, on) => on ? c.add(x) : c.delete(x) }; }
  get textContent() { return this.own + this.children.map(c => typeof c === "string" ? c : c.textContent).join(""); }
  set textContent(text) { this.children = []; this.own = String(text); }
  set innerHTML(text) { assert.fail("no markup from text"); }
  get clientWidth() { return 900; }
  get clientHeight() { return 640; }
  get value() { return this.attributes.value || ""; }
  all(test) { return [...(test(this) ? [this] : []), ...this.children.filter(c => c instanceof Node).flatMap(c => c.all(test))]; }
}

const page = fs.readFileSync(process.argv[2], "utf8");
const scripts = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(m => m[1]);
function run(json) {
  const data = new Node("script"), main = new Node("main");
  data.own = json;
  const context = vm.createContext({
    document: { getElementById: () => data, querySelector: () => main, createElement: tag => new Node(tag), createElementNS: (space, tag) => new Node(tag), title: "" },
    addEventListener: () => {} });
  const begin = Date.now();
  vm.runInContext(scripts[1] + "\n;globalThis.done = { Graph, R };", context, { timeout: 60000 });
  return { main, Graph: context.done.Graph, seconds: (Date.now() - begin) / 1000 };
}

function check_layout(Graph) {
  const { items, points, edges, back } = Graph.layout();
  const shown = new Set(Graph.vertices.map(Graph.shownItem));
  assert.strictEqual(items.length, shown.size, "every operation is in one box");
  const layers = new Map();
  items.forEach(it => { assert(Number.isFinite(it.x) && Number.isFinite(it.y)); layers.set(it.layer, [...(layers.get(it.layer) || []), it]); });
  for (const layer of layers.values()) {
    layer.sort((a, b) => a.x - b.x);
    for (let i = 1; i < layer.length; ++i) assert(layer[i].x - layer[i - 1].x >= 200, "boxes lie upon each other");
  }
  for (const path of edges) for (let i = 1; i < path.length; ++i) assert(points[path[i]].layer > points[path[i - 1]].layer, "edges go down");
  return { shown: items.length, back: back.length };
}

const report = JSON.parse(scripts[0]);
const { main, Graph } = run(scripts[0]);
main.all(n => n.attributes.class === "more").forEach(button => button.listeners.click());
for (const tensor of report.tensors) assert(main.textContent.includes(tensor.name), tensor.name);
for (const note of report.notes) assert(main.textContent.includes(note.text), note.text);
for (const text of [...report.missing, ...report.structure_warnings]) assert(main.textContent.includes(text), text);
assert(main.all(n => n.tag === "script").length === 0);
check_layout(Graph);
Graph.allGroups.forEach(g => g.open = true);
assert.strictEqual(check_layout(Graph).shown, Graph.vertices.length);

// Large graphs: with scopes, without names that say anything, and with groups that are read before they end.
const names = [i => `/stage${i >> 9}/block${i >> 5}/conv${i >> 2}/Conv#${i & 3}`, i => `node#${i}`, i => `/part${i % 7}/step${i}`, i => ""];
for (const name of names) {
  const count = 1500, big = JSON.parse(scripts[0]);
  const tensor = { ...report.tensors.find(t => t.kind === "computed"), is_output: false };
  big.tensors = [report.tensors[report.inputs[0]]];
  big.inputs = [0];
  big.nodes = [];
  let state = 7;
  const random = n => (state = (state * 1103515245 + 12345) % 2147483648) % n;
  for (let i = 0; i < count; ++i) {
    big.tensors.push({ ...tensor, name: `value${i}` });
    big.nodes.push({ ...report.nodes[0], name: name(i), inputs: i % 3 ? [i] : [i, random(i + 1)], output: i + 1 });
  }
  big.outputs = [count];
  const run_ = run(JSON.stringify(big)), start = check_layout(run_.Graph);
  assert(start.shown <= 120, `${start.shown} boxes at first`);
  run_.Graph.allGroups.forEach(g => g.open = true);
  const all = check_layout(run_.Graph);
  assert.strictEqual(all.shown, count + 1);
  assert.strictEqual(all.back, 0);
  assert(run_.seconds < 20, `${run_.seconds} s`);
}
