#!/bin/bash
# A flame graph that does nothing when it is clicked looks like one that does.  Its script is run by node over a document that is just
# enough of one: a click makes a function as wide as the picture, with its callers below and nothing beside it; a search counts time once.
set -eu
command -v node >/dev/null || { echo 'node is not installed' && exit 77; }
cat >t.txt <<'END'
ctrace 1
process 0 pid=100 exe="/bin/app" state=3
symbol 0x1 function="main"
symbol 0x2 function="left"
symbol 0x3 function="right"
symbol 0x4 function="deep"
stack l 0x2 0x1
stack r 0x3 0x1
stack d 0x4 0x3 0x1
chunk slot=0
thread_begin +0 thread=1 tid=100
wait @2000 op=mutex dur=100 object=m stack=l
wait @3000 op=mutex dur=200 object=m stack=r
wait @4000 op=mutex dur=100 object=m stack=d
END
ctrace raw --encode t.txt -o t.ctrace
ctrace profile sync -o t.svg t.ctrace
cat >clicks.js <<'END'
const svg = require('fs').readFileSync('t.svg', 'utf8');
function element(text) {
	const on = {}, classes = new Set();
	return {attributes: {}, style: {}, dataset: {}, children: {}, classes, textContent: text || '',
		setAttribute(k, v) { this.attributes[k] = String(v); }, addEventListener(what, f) { on[what] = f; },
		querySelector(what) { return this.children[what]; }, click() { on.click(); },
		classList: {toggle(name, yes) { yes ? classes.add(name) : classes.delete(name); }}};
}
const frames = [...svg.matchAll(/<g class="f" data-x="([^"]*)" data-w="([^"]*)" data-l="([^"]*)"><title>([^<]*)<\/title>/g)].map(m => {
	const g = element();
	Object.assign(g.dataset, {x: m[1], w: m[2], l: m[3]});
	g.children = {title: element(m[4]), rect: element(), text: element()};
	return g;
});
const ids = {back: element(), find: element(), found: element()};
let answer;
globalThis.document = {documentElement: element(), querySelectorAll: () => frames, getElementById: id => ids[id]};
globalThis.window = {prompt: () => answer};
new Function(svg.match(/CDATA\[\n([^]*)\]\]>/)[1])();
const name = g => g.children.title.textContent.replace(/: .*/, '');
const shown = () => frames.filter(g => g.style.display !== 'none').map(g => `${name(g)} ${Math.round(g.children.rect.attributes.width)}`).join(', ');
frames.find(g => name(g) === 'right').click();
console.log(shown());
ids.back.click();
console.log(shown());
answer = 'right|deep';
ids.find.click();
console.log(ids.found.textContent, frames.filter(g => g.classes.has('hit')).map(name).join(', '));
answer = '(';
ids.find.click();
console.log(ids.found.textContent);
END
node clicks.js >out
cat >want <<'END'
all 1180, main 1180, right 1180, deep 393
all 1180, main 1180, left 295, right 885, deep 295
75.0 % match right, deep
no regular expression
END
diff want out
