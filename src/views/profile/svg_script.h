/*
 * svg_script.h - what a flame graph does when it is clicked.  It reads positions from data- attributes and names from <title>; it makes no
 * markup from either.
 */
#ifndef CT_VIEWS_PROFILE_SVG_SCRIPT_H
#define CT_VIEWS_PROFILE_SVG_SCRIPT_H

/* clang-format off */
#define CT_SVG_SCRIPT \
"(function () {\n" \
"	'use strict';\n" \
"	var svg = document.documentElement, all = Array.prototype.slice.call(document.querySelectorAll('.f'));\n" \
"	var back = document.getElementById('back'), found = document.getElementById('found');\n" \
"	var margin = 10, width = 1180, character = 7;\n" \
"	var frames = all.map(function (g) {\n" \
"		var title = g.querySelector('title').textContent;\n" \
"		return {g: g, rect: g.querySelector('rect'), text: g.querySelector('text'),\n" \
"			name: title.slice(0, title.lastIndexOf(': ')), x: +g.dataset.x, w: +g.dataset.w, l: +g.dataset.l};\n" \
"	});\n" \
"	function label(f, w) {\n" \
"		var fits = Math.floor((w - 6) / character);\n" \
"		f.text.textContent = fits < 3 ? '' : f.name.length <= fits ? f.name : f.name.slice(0, fits - 2) + '..';\n" \
"	}\n" \
"	function zoom(to) {\n" \
"		frames.forEach(function (f) {\n" \
"			var under = f.x >= to.x - 2e-7 && f.x + f.w <= to.x + to.w + 2e-7;\n" \
"			var caller = f.l < to.l && f.x <= to.x + 2e-7 && f.x + f.w >= to.x + to.w - 2e-7;\n" \
"			var x = caller ? 0 : (f.x - to.x) / to.w, w = caller ? 1 : f.w / to.w;\n" \
"			f.g.style.display = caller || (under && f.l >= to.l) ? '' : 'none';\n" \
"			f.g.classList.toggle('dim', caller);\n" \
"			f.rect.setAttribute('x', margin + x * width);\n" \
"			f.rect.setAttribute('width', Math.max(w * width, 0));\n" \
"			f.text.setAttribute('x', margin + x * width + 3);\n" \
"			label(f, w * width);\n" \
"		});\n" \
"		back.setAttribute('visibility', to === frames[0] ? 'hidden' : 'visible');\n" \
"	}\n" \
"	function search(what) {\n" \
"		var re = null, spans = [], sum = 0, end = 0;\n" \
"		try { re = what ? new RegExp(what) : null; } catch (e) { found.textContent = 'no regular expression'; return; }\n" \
"		frames.forEach(function (f) {\n" \
"			var hit = !!re && f.l > 0 && re.test(f.name);\n" \
"			f.g.classList.toggle('hit', hit);\n" \
"			if (hit) spans.push([f.x, f.x + f.w]);\n" \
"		});\n" \
"		spans.sort(function (a, b) { return a[0] - b[0]; }).forEach(function (s) {\n" \
"			if (s[1] > end) { sum += s[1] - Math.max(s[0], end); end = s[1]; }\n" \
"		});\n" \
"		found.textContent = re ? (100 * sum).toFixed(1) + ' % match' : ' ';\n" \
"	}\n" \
"	frames.forEach(function (f) { f.g.addEventListener('click', function () { zoom(f); }); });\n" \
"	back.addEventListener('click', function () { zoom(frames[0]); });\n" \
"	function ask() { var what = window.prompt('function (a regular expression):', ''); if (what !== null) search(what); }\n" \
"	document.getElementById('find').addEventListener('click', ask);\n" \
"	svg.addEventListener('keydown', function (e) {\n" \
"		if ((e.ctrlKey || e.metaKey) && e.key === 'f') { e.preventDefault(); ask(); }\n" \
"		if (e.key === 'Escape') { search(''); zoom(frames[0]); }\n" \
"	});\n" \
"}());\n"
/* clang-format on */

#endif
