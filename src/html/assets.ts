/** The page's style sheet and script: no other file, no network. */

const LIGHT = `
  color-scheme: light;
  --ground: #ffffff; --panel: #f6f7f9; --line: #d5d9df; --text: #1c2128; --dim: #5f6975;
  --local: #1a7f37; --partly: #9a6700; --remote: #c62d36; --unknown: #6e7781; --bar: #4a6fa5;`;

const DARK = `
  color-scheme: dark;
  --ground: #14171c; --panel: #1d2127; --line: #363c45; --text: #e4e7eb; --dim: #99a3af;
  --local: #46b75b; --partly: #d2a028; --remote: #f2646b; --unknown: #8b949e; --bar: #7d9fd0;`;

export const STYLE = `
:root {${LIGHT} }
@media (prefers-color-scheme: dark) { :root {${DARK} } }
@media print { :root {${LIGHT} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.5rem 3rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2.4rem 0 .7rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 0 0 .2rem; }
p { margin: .2rem 0 .6rem; max-width: 48rem; }
.dim, figcaption, footer { color: var(--dim); font-size: .875rem; }
code, pre { font: .85rem/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.local { color: var(--local); } .partly { color: var(--partly); }
.remote { color: var(--remote); } .unknown { color: var(--unknown); } .strong { font-weight: 600; }
header .dim { margin-top: .2rem; }
.verdict { margin-top: 1.4rem; padding: 1rem 1.25rem; background: var(--panel); border: 1px solid var(--line);
  border-radius: 8px; }
.verdict div { display: flex; gap: 1.1rem; align-items: baseline; }
.verdict .number { flex: 0 0 9.5rem; font-size: 1.9rem; font-weight: 650; line-height: 1.15; text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.verdict p { margin: .25rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0 0 1rem; }
.figures div { flex: 1 1 12rem; padding: .7rem 1rem; background: var(--panel); border: 1px solid var(--line);
  border-radius: 8px; }
.figures dt { color: var(--dim); font-size: .875rem; }
.figures dd { margin: 0; }
.figures .number { font-size: 1.7rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.maps { display: flex; flex-wrap: wrap; gap: 1.5rem; }
figure { margin: 0 0 1rem; flex: 1 1 20rem; }
figcaption { margin-bottom: .4rem; }
.loads figure { max-width: 36rem; }
svg { display: block; max-width: 100%; height: auto; }
svg text { fill: var(--text); font: 13px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; }
svg .head, svg .axis, svg .ticks text, svg .detail, .load text { fill: var(--dim); font-size: 11px; }
.wide { overflow-x: auto; } .wide svg { min-width: 700px; width: 100%; }
.box rect { fill: var(--panel); stroke: var(--line); }
.box text { font-weight: 550; } .box .detail { font-weight: 400; }
.box.open rect { stroke-dasharray: 3 3; fill: none; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.75; }
.edge.local { stroke: var(--local); } .edge.partly { stroke: var(--partly); stroke-dasharray: 9 3; }
.edge.remote { stroke: var(--remote); stroke-dasharray: 4 4; }
.edge.unknown { stroke: var(--unknown); stroke-dasharray: 1 4; }
g.local text { fill: var(--local); } g.partly text { fill: var(--partly); }
g.remote text { fill: var(--remote); } g.unknown text { fill: var(--unknown); }
svg .mark { font-weight: 700; }
.heat .ground { fill: var(--panel); stroke: var(--line); }
.heat .cell rect { stroke: var(--ground); stroke-width: .5; }
.heat .local rect { fill: var(--local); } .heat .partly rect { fill: var(--partly); }
.heat .remote rect { fill: var(--remote); } .heat .none rect { fill: none; }
.heat .cell text { fill: var(--text); font-size: 11px; } .heat .none text { fill: var(--dim); }
.heat .deep text { fill: var(--ground); }
.heat .cell:hover rect { stroke: var(--text); stroke-width: 1.5; }
.heat .node { fill: none; stroke: var(--text); stroke-width: 1; opacity: .55; }
.load rect { fill: var(--bar); } .load .axis { stroke: var(--line); } .load g:hover rect { opacity: .7; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; font-size: .875rem; }
ol.findings { list-style: none; margin: 0; padding: 0; }
.findings > li { margin: 0 0 .8rem; padding: .7rem 1rem; border: 1px solid var(--line); border-left: 4px solid var(--unknown);
  border-radius: 6px; break-inside: avoid; }
.findings > li.error { border-left-color: var(--remote); } .findings > li.warning { border-left-color: var(--partly); }
.findings > li.more { border: 0; padding: 0; }
.findings code { color: var(--dim); font-weight: 400; } .severity { text-transform: capitalize; }
.error .sign { color: var(--remote); } .warning .sign { color: var(--partly); } .info .sign { color: var(--unknown); }
.commands { position: relative; }
pre { margin: .3rem 0; padding: .6rem .8rem; background: var(--panel); border-radius: 5px; overflow-x: auto; }
.commands pre { padding-right: 4.5rem; white-space: pre-wrap; max-height: 16rem; overflow-y: auto; }
ul.why { margin: .3rem 0 1.2rem; padding-left: 1.2rem; }
.copy { position: absolute; top: .35rem; right: .35rem; padding: .1rem .55rem; font: inherit; font-size: .8rem;
  color: var(--dim); background: var(--ground); border: 1px solid var(--line); border-radius: 4px; cursor: pointer; }
.copy:hover { color: var(--text); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--dim); font-size: .875rem; font-weight: 500; } tbody th { font-weight: 450; }
.list { font-size: .9rem; } .list .number { text-align: right; font-variant-numeric: tabular-nums; }
td.local, td.partly, td.remote { font-weight: 600; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--dim); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .7rem; }
@media (max-width: 40rem) {
  .verdict div { flex-direction: column; gap: 0; align-items: flex-start; } .verdict .number { flex-basis: auto; }
}
@media print {
  html, body { font-size: 11.5px; }
  body { max-width: none; padding: 0; }
  .copy { display: none; } .verdict, figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
  .wide { overflow: visible; } .wide svg { min-width: 0; } .commands pre, pre { white-space: pre-wrap; max-height: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@page { margin: 14mm; }
`;

/** Copies the commands next to a button; selects them if the browser allows no clipboard. */
export const SCRIPT = `
for (const button of document.querySelectorAll('.copy'))
  button.addEventListener('click', async () => {
    const commands = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(commands.textContent + '\\n');
      button.textContent = 'copied';
    } catch {
      getSelection().selectAllChildren(commands);
      button.textContent = 'selected';
    }
    setTimeout(() => { button.textContent = 'copy'; }, 2000);
  });
`;
