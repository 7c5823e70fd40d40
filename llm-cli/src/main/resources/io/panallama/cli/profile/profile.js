'use strict';
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const ROW = 18;
  const CHARACTER = 7.3;
  const data = JSON.parse(document.getElementById('data').textContent);
  const graph = document.getElementById('graph');
  const hint = document.getElementById('hint');
  const search = document.getElementById('search');
  const found = document.getElementById('found');
  const tabs = { java: document.getElementById('java'), native: document.getElementById('native') };

  // A frame is an array: its name, its samples, and the frames that it called.
  const frame = (node, parent, depth) => {
    const made = { name: node[0], samples: node[1], parent, depth, inner: [] };
    made.inner = node.slice(2).map((inner) => frame(inner, made, depth + 1));
    return made;
  };
  const roots = { java: frame(data.java, null, 0), native: frame(data.native, null, 0) };
  let kind = roots.java.samples > 0 || roots.native.samples === 0 ? 'java' : 'native';
  let zoomed = roots[kind];

  const colour = (node) => {
    if (matches(node)) {
      return '#d05ce3';
    }
    if (node.depth < 3) {
      return ['#c9ced6', '#b9c4d3', '#a9c0dd'][node.depth];
    }
    if (node.name.startsWith('io.panallama.bindings')) {
      return '#f2b36f';
    }
    if (node.name.startsWith('io.panallama')) {
      return '#f6d365';
    }
    return /^(java|jdk|sun)\b/.test(node.name) ? '#a8d8a0' : '#8fd3d1';
  };

  const matches = (node) => search.value !== '' && node.name.toLowerCase().includes(search.value.toLowerCase());

  // Samples in frames that match, each counted once.
  const matching = (node) =>
    matches(node) ? node.samples : node.inner.reduce((sum, inner) => sum + matching(inner), 0);

  const short = (name) => {
    const parts = name.split('.');
    return parts.length > 2 && /^[a-z]/.test(name) ? parts.slice(-2).join('.') : name;
  };

  const percent = (part, whole) => (whole === 0 ? '0' : (100 * part / whole).toFixed(1)) + ' %';

  const describe = (node) =>
    `${node.name}: ${node.samples} samples, ${percent(node.samples, roots[kind].samples)} of all`
      + (zoomed === roots[kind] ? '' : `, ${percent(node.samples, zoomed.samples)} of what is shown`);

  const draw = () => {
    const width = graph.clientWidth || 1000;
    const svg = document.createElementNS(SVG, 'svg');
    let deepest = 0;
    const box = (node, x, w) => {
      if (w < 1) {
        return;
      }
      deepest = Math.max(deepest, node.depth);
      const group = document.createElementNS(SVG, 'g');
      const rect = document.createElementNS(SVG, 'rect');
      const title = document.createElementNS(SVG, 'title');
      rect.setAttribute('x', x);
      rect.setAttribute('y', node.depth * ROW);
      rect.setAttribute('width', w);
      rect.setAttribute('height', ROW - 1);
      rect.setAttribute('fill', colour(node));
      title.textContent = describe(node);
      group.append(title, rect);
      const room = Math.floor((w - 6) / CHARACTER);
      if (room >= 3) {
        const label = document.createElementNS(SVG, 'text');
        const text = short(node.name);
        label.setAttribute('x', x + 3);
        label.setAttribute('y', node.depth * ROW + 13);
        label.textContent = text.length > room ? text.slice(0, room - 1) + '…' : text;
        group.append(label);
      }
      group.setAttribute('tabindex', '0');
      group.setAttribute('role', 'button');
      group.setAttribute('aria-label', describe(node));
      group.addEventListener('click', () => zoom(node));
      group.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') {
          zoom(node);
        }
      });
      group.addEventListener('mouseenter', () => { hint.textContent = describe(node); });
      group.addEventListener('focus', () => { hint.textContent = describe(node); });
      svg.append(group);
    };
    const within = (node, x, w) => {
      box(node, x, w);
      let at = x;
      for (const inner of node.inner) {
        const part = w * inner.samples / node.samples;
        if (part >= 1) {
          within(inner, at, part);
        }
        at += part;
      }
    };
    for (let outer = zoomed.parent; outer !== null; outer = outer.parent) {
      box(outer, 0, width);
    }
    if (zoomed.samples > 0) {
      within(zoomed, 0, width);
    }
    svg.setAttribute('height', (deepest + 1) * ROW);
    svg.setAttribute('viewBox', `0 0 ${width} ${(deepest + 1) * ROW}`);
    graph.replaceChildren(roots[kind].samples > 0 ? svg : document.createTextNode('There are no such samples.'));
    found.textContent =
      search.value === '' ? '' : percent(matching(zoomed), zoomed.samples) + ' of the samples shown match';
    for (const each of Object.keys(tabs)) {
      tabs[each].setAttribute('aria-pressed', String(each === kind));
    }
  };

  const zoom = (node) => {
    zoomed = node;
    draw();
  };

  for (const each of Object.keys(tabs)) {
    tabs[each].addEventListener('click', () => {
      kind = each;
      zoom(roots[kind]);
    });
  }
  document.getElementById('reset').addEventListener('click', () => zoom(roots[kind]));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      zoom(roots[kind]);
    }
  });
  search.addEventListener('input', draw);
  window.addEventListener('resize', draw);
  draw();
})();
