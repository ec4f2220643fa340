// worker.js - what node waits for: worker threads, Atomics.wait, its thread pool, child processes, sockets and timers. Prints only
// what does not depend on who was faster. Run by node.sh.
'use strict';
const { Worker, isMainThread, workerData, parentPort, MessageChannel, receiveMessageOnPort } = require('worker_threads');
const crypto = require('crypto'), fs = require('fs'), zlib = require('zlib'), net = require('net'), dns = require('dns'), { spawn, spawnSync, fork } = require('child_process');
const once = require('events').once;

if (!isMainThread) {
	const a = new Int32Array(workerData.shared);
	for (let i = 0; i < 3000; i++) { // a lock of three states on shared memory
		while (Atomics.compareExchange(a, 0, 0, 1) !== 0) Atomics.wait(a, 0, 1, 50);
		a[1]++;
		Atomics.store(a, 0, 0);
		Atomics.notify(a, 0, 1);
	}
	for (let turn = 0; turn < 300; turn++) { // in turn
		for (let now; (now = Atomics.load(a, 2)) !== turn * 4 + workerData.me;) Atomics.wait(a, 2, now);
		Atomics.add(a, 2, 1);
		Atomics.notify(a, 2);
	}
	const hash = crypto.createHash('sha256');
	for (let i = 0; i < 2000; i++) hash.update('block ' + i);
	parentPort.postMessage(hash.digest('hex'));
	parentPort.once('message', (m) => { if (m === 'exit') process.exit(10 + workerData.me); throw new Error('thrown in a worker'); });
} else if (process.argv[2] === 'forked') {
	process.on('message', (m) => { process.send(m * 2); process.disconnect(); });
} else main();

async function main() {
	const shared = new SharedArrayBuffer(64), a = new Int32Array(shared);
	const workers = [0, 1, 2, 3].map((me) => new Worker(__filename, { workerData: { shared, me } }));
	const digests = await Promise.all(workers.map(async (w) => (await once(w, 'message'))[0]));
	console.log('locked', a[1], 'turns', a[2], new Set(digests).size, digests[0]);
	for (const w of workers.slice(0, 2)) { w.postMessage('exit'); console.log('exit', (await once(w, 'exit'))[0]); }
	workers[2].postMessage('throw');
	console.log('error', (await once(workers[2], 'error'))[0].message);
	console.log('terminated', await workers[3].terminate());

	const keys = await Promise.all([...Array(16).keys()].map((i) => new Promise((ok, no) => crypto.pbkdf2('secret', 'salt' + i, 20000, 32, 'sha512', (e, k) => (e ? no(e) : ok(k.toString('hex')))))));
	console.log('pbkdf2', crypto.createHash('md5').update(keys.join()).digest('hex'));
	const big = Buffer.alloc(2e6, 'abcdefg');
	const packs = await Promise.all([1, 5, 9].map((level) => new Promise((ok, no) => zlib.gzip(big, { level }, (e, z) => (e ? no(e) : ok(zlib.gunzipSync(z).equals(big)))))));
	console.log('gzip', packs);
	await Promise.all([...Array(40).keys()].map((i) => fs.promises.writeFile('f' + i, 'x'.repeat(i * 1000))));
	const sizes = await Promise.all([...Array(40).keys()].map(async (i) => (await fs.promises.stat('f' + i)).size));
	console.log('files', sizes.reduce((x, y) => x + y), (await fs.promises.readdir('.')).length);
	console.log('missing', await fs.promises.open('nothing').catch((e) => e.code));
	console.log('lookup', (await dns.promises.lookup('127.0.0.1')).address, await dns.promises.lookup('no.such.host.invalid').catch(() => 'no'));

	for (let i = 0; i < 6; i++) {
		const p = spawn('sh', ['-c', 'cat; exit ' + i]);
		let out = '';
		p.stdout.on('data', (d) => (out += d));
		p.stdin.end('child ' + i);
		console.log('spawn', out, await once(p, 'close'), out);
	}
	const killed = spawn('sleep', ['100']);
	killed.kill('SIGTERM');
	console.log('killed', await once(killed, 'exit'));
	console.log('spawnSync', spawnSync('sh', ['-c', 'echo sync; exit 3']).status, spawnSync('sleep', ['9'], { timeout: 30 }).error.code, spawnSync('/no/such').error.code);
	const child = fork(__filename, ['forked']);
	child.send(21);
	console.log('fork', (await once(child, 'message'))[0], await once(child, 'exit'));

	const server = net.createServer((c) => c.pipe(c)).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const totals = await Promise.all([...Array(10).keys()].map(() => new Promise((ok, no) => {
		let n = 0;
		const c = net.connect(server.address().port, '127.0.0.1', () => c.end(Buffer.alloc(50000)));
		c.on('data', (d) => (n += d.length)).on('end', () => ok(n)).on('error', no);
	})));
	console.log('echo', totals.join());
	server.close();
	const { port1, port2 } = new MessageChannel();
	port1.postMessage('sync message');
	console.log(receiveMessageOnPort(port2).message);
	port1.close();
	let ticks = 0;
	await new Promise((ok) => { const t = setInterval(() => { if (++ticks === 20) { clearInterval(t); ok(); } }, 1); });
	console.log('ticks', ticks, 'waited', Atomics.wait(a, 5, 0, 20));
	process.on('SIGUSR2', () => { console.log('SIGUSR2'); process.exitCode = 42; clearTimeout(keep); });
	const keep = setTimeout(() => {}, 20000);
	process.kill(process.pid, 'SIGUSR2');
}
